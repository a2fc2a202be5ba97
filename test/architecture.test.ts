import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { projectRoot, type SourceFile, sourceFiles } from "./support/source-files.ts";

/**
 * The house's rules, as DESIGN and `docs/decisions.md` give them. A rule that stands in the way is changed here, in
 * the open, with its reason, never gone round.
 */

/** From the ground up. */
const capabilities = [
  "blocks",
  "presence",
  "accounts",
  "friends",
  "timeline",
  "rooms",
  "messages",
  "directs",
  "notifications",
  "search",
];

/** From the ground up: a file may import from its own layer and from those before it. */
const layers: { name: string; holds: RegExp }[] = [
  { name: "protocol", holds: /^src\/protocol\// },
  { name: "schema", holds: /^db\/(schema\/|migrations\.ts)/ },
  { name: "config", holds: /^src\/server\/(config|database-url|version)\.ts$/ },
  { name: "platform", holds: /^src\/server\/platform\// },
  { name: "context", holds: /^src\/server\/(context|route)\.ts$/ },
  ...capabilities.map((name) => ({ name, holds: new RegExp(`^src/server/(${name})/`) })),
  { name: "realtime", holds: /^src\/server\/realtime\// },
  { name: "web serving", holds: /^src\/server\/web(\.ts$|\/)/ },
  { name: "http", holds: /^src\/server\/http\.ts$/ },
  { name: "serve", holds: /^src\/server\/(open-bus|open-context|serve|start)\.ts$/ },
  { name: "seed", holds: /^db\/seed(\.ts$|\/)/ },
  { name: "commands", holds: /^src\/commands\// },
  { name: "main", holds: /^src\/main\.ts$/ },
];

const layerOf = (path: string) => layers.findIndex(({ holds }) => holds.test(path));

const files = await sourceFiles("src", "db");
const byPath = new Map(files.map((file) => [file.path, file]));
const inFolder = (folder: string) => files.filter((file) => file.path.startsWith(`${folder}/`));

/** The code alone: strings emptied, comments gone. */
function textOf(file: SourceFile): string {
  return file.text.replace(/"(?:\\.|[^"\\\n])*"/g, '""').replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, "");
}

/** One line for each trespass; the empty list is the only right answer. */
function trespasses(among: SourceFile[], find: (file: SourceFile) => string[]): string[] {
  return among.flatMap((file) => find(file).map((what) => `${file.path} ${what}`));
}

describe("one direction", () => {
  const layered = files.filter(({ path }) => !/^(src\/(sdk|web)\/|db\/\w+\.config\.ts$)/.test(path));

  test("every file of the server has its place in the layers", () => {
    expect(layered.filter(({ path }) => layerOf(path) === -1).map(({ path }) => path)).toEqual([]);
  });

  test("a file imports from its own layer and those below it only", () => {
    const found = trespasses(layered, ({ path, imports }) =>
      imports
        .filter(({ target, isPackage }) => !isPackage && byPath.has(target) && layerOf(target) > layerOf(path))
        .map(({ target }) => `is ${layers[layerOf(path)]?.name}, below ${layers[layerOf(target)]?.name}: ${target}`),
    );
    expect(found).toEqual([]);
  });

  test("the protocol imports zod and itself only", () => {
    const found = trespasses(inFolder("src/protocol"), ({ imports }) =>
      imports
        .filter(({ target }) => target !== "zod" && !target.startsWith("src/protocol/"))
        .map(({ target }) => `imports ${target}`),
    );
    expect(found).toEqual([]);
  });

  test("the SDK imports the protocol, itself and no package but zod's types", () => {
    const found = trespasses(inFolder("src/sdk"), ({ imports }) =>
      imports
        .filter(({ target, isTypeOnly }) => !(target === "zod" && isTypeOnly) && !/^src\/(sdk|protocol)\//.test(target))
        .map(({ target }) => `imports ${target}`),
    );
    expect(found).toEqual([]);
  });

  test("the web client stands on the SDK; of the wire it knows shapes, limits, languages, rights and emojis, of the server nothing", () => {
    const found = trespasses(inFolder("src/web"), ({ imports }) =>
      imports
        .filter(({ isPackage }) => !isPackage)
        .filter(
          ({ target }) => !/^src\/(web\/|sdk\/|protocol\/(models|limits|languages|rights|emoji)\.ts)/.test(target),
        )
        .map(({ target }) => `imports ${target}`),
    );
    expect(found).toEqual([]);
  });

  test("platform knows nothing of chat: of the protocol it takes errors, languages and limits only", () => {
    const found = trespasses(inFolder("src/server/platform"), ({ imports }) =>
      imports
        .filter(({ target }) => /^src\/protocol\/(?!(errors|languages|limits)\.ts)/.test(target))
        .map(({ target }) => `imports ${target}`),
    );
    expect(found).toEqual([]);
  });

  test("a store is private to its capability", () => {
    const capability = (path: string) => path.split("/").slice(0, 3).join("/");
    const found = trespasses(files, ({ path, imports }) =>
      imports
        .filter(({ target }) => /^src\/server\/.*\bstore\.ts$/.test(target) && capability(target) !== capability(path))
        .map(({ target }) => `imports ${target}`),
    );
    expect(found).toEqual([]);
  });

  test("no files import each other in a circle", () => {
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, above: string[]): void => {
      const start = above.indexOf(path);
      if (start !== -1) circles.push([...above.slice(start), path].join(" → "));
      if (start !== -1 || done.has(path)) return;
      done.add(path);
      for (const { target, isTypeOnly } of byPath.get(path)?.imports ?? []) {
        if (!isTypeOnly && byPath.has(target)) visit(target, [...above, path]);
      }
    };
    for (const { path } of files) visit(path, []);
    expect(circles).toEqual([]);
  });
});

describe("the house", () => {
  test("imports name files that are there", () => {
    const found = trespasses(files, ({ imports }) =>
      imports
        .filter(({ target, isPackage }) => !isPackage && /\.tsx?$/.test(target) && !byPath.has(target))
        .map(({ target }) => `imports ${target}`),
    );
    expect(found).toEqual([]);
  });

  test("only config.ts reads the environment", () => {
    const found = trespasses(
      files.filter(({ path }) => path !== "src/server/config.ts"),
      (file) => [...textOf(file).matchAll(/\b(?:process|Bun|import\.meta)\.env\b/g)].map(([what]) => `reads ${what}`),
    );
    expect(found).toEqual([]);
  });

  test(".env.example names every variable that config.ts reads, and no other", async () => {
    const config = byPath.get("src/server/config.ts")?.text ?? "";
    const read = [...config.matchAll(/\bfrom\s*\.\w+(?:<[^>]*>)?\(\s*"([A-Z_]+)"/g)].map(([, name]) => name);
    const example = await Bun.file(join(projectRoot, ".env.example")).text();
    const named = [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(named.toSorted()).toEqual([...new Set(read)].toSorted());
  });

  test("only the commands speak on the console; all else logs", () => {
    const found = trespasses(
      files.filter(({ path }) => !/^src\/(main\.ts|commands\/)/.test(path)),
      (file) => [...textOf(file).matchAll(/\bconsole\.\w+/g)].map(([what]) => `calls ${what}`),
    );
    expect(found).toEqual([]);
  });

  test("the client never makes HTML from text", () => {
    const found = trespasses(inFolder("src/web"), (file) =>
      [...textOf(file).matchAll(/dangerouslySetInnerHTML|\b(?:inner|outer)HTML\b|insertAdjacentHTML/g)].map(
        ([what]) => `uses ${what}`,
      ),
    );
    expect(found).toEqual([]);
  });

  test("files are named in kebab-case", () => {
    const paths = [...new Bun.Glob("{src,db,test,bench}/**/*.{ts,tsx,css,html}").scanSync(projectRoot)];
    expect(paths.filter((path) => !/^[a-z0-9/-]+(\.(test|config|d))?\.(ts|tsx|css|html)$/.test(path))).toEqual([]);
  });

  test("a file of more than 300 lines says why, in a comment that begins “Long because”", () => {
    const found = trespasses(files, ({ text }) => {
      const lines = text.split("\n").length - 1;
      return lines > 300 && !text.includes("Long because") ? [`has ${lines} lines`] : [];
    });
    expect(found).toEqual([]);
  });

  test("exports are named, and no file only passes on what others export", () => {
    const found = trespasses(
      files.filter(({ path }) => !path.endsWith(".config.ts")),
      (file) => {
        const text = textOf(file);
        const rest = text.replace(/^export (type )?(\*|\{[^}]*\})( as \w+)? from "";/gm, "").trim();
        return [
          ...(/^export default\b/m.test(text) ? ["has a default export"] : []),
          ...(rest === "" ? ["is a barrel"] : []),
        ];
      },
    );
    expect(found).toEqual([]);
  });

  test("nothing is left for later in a comment", () => {
    const found = trespasses(files, ({ text }) =>
      [...text.matchAll(/\b(?:TODO|FIXME|XXX|HACK)\b/g)].map(([what]) => `says ${what}`),
    );
    expect(found).toEqual([]);
  });

  test("the top level holds what DESIGN names and no more", async () => {
    const known =
      "package.json bun.lock bunfig.toml tsconfig.json build.ts Dockerfile .dockerignore README.md LICENSE " +
      ".env.example .gitignore .ci src db test bench deploy docs";
    const listed = await Bun.$`git ls-files`.cwd(projectRoot).quiet().nothrow().text();
    const top = new Set(
      listed
        .split("\n")
        .filter(Boolean)
        .map((path) => path.split("/", 1).join("")),
    );
    expect([...top].filter((name) => !known.split(" ").includes(name))).toEqual([]);
    expect(await Bun.file(join(projectRoot, "LICENSE")).exists()).toBe(true);
  });
});
