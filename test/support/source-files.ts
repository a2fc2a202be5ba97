import { dirname, join, normalize } from "node:path";

export const projectRoot = join(import.meta.dir, "../..");

export interface Import {
  /** A path from the project's root, or a package's name. */
  target: string;
  isPackage: boolean;
  isTypeOnly: boolean;
}

export interface SourceFile {
  /** From the project's root: `src/server/http.ts`. */
  path: string;
  text: string;
  imports: Import[];
}

const statements = [
  /^(?:import|export)\s+(type\s)?[^;"']*?from\s+"([^"]+)"/gm,
  /^import\s+()"([^"]+)"/gm,
  /\bimport\(\s*()"([^"]+)"/g,
];

function importsOf(path: string, text: string): Import[] {
  return statements.flatMap((statement) =>
    [...text.matchAll(statement)].map(([, type, specifier = ""]) => {
      const isPackage = !specifier.startsWith(".");
      const target = isPackage
        ? specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/")
        : normalize(join(dirname(path), specifier));
      return { target, isPackage, isTypeOnly: type !== undefined && type !== "" };
    }),
  );
}

/** All TypeScript of the given folders, with what each file imports (types too). */
export async function sourceFiles(...folders: string[]): Promise<SourceFile[]> {
  const glob = new Bun.Glob(`{${folders.join(",")},}/**/*.{ts,tsx}`);
  const paths = [...glob.scanSync(projectRoot)].sort();
  return await Promise.all(
    paths.map(async (path) => {
      const text = await Bun.file(join(projectRoot, path)).text();
      return { path, text, imports: importsOf(path, text) };
    }),
  );
}
