/** A file of this machine, a libSQL server, or Postgres. */
export type DatabaseKind = "file" | "remote" | "postgres";

/** A file by an absolute or relative path and nothing else; a server by its name. Secrets are no part of a server's address. */
const forms: Record<DatabaseKind, RegExp> = {
  file: /^file:(?:\/\/\/|(?!\/\/|:memory:))[^?#]+$/,
  remote: /^(?:libsql|https?):\/\/[^/?#@]+[^?#@]*(?:\?tls=[01])?$/,
  postgres: /^postgres(?:ql)?:\/\/[^/]+.*$/,
};

export const databaseUrlForms = "file:…, postgres://…, or libsql://…, https://… or http://… without a token in it";

/** What `url` names; `undefined`: nothing that can be opened. */
export function findKind(url: string): DatabaseKind | undefined {
  if (!URL.canParse(url)) return undefined;
  const kinds: DatabaseKind[] = ["file", "remote", "postgres"];
  return kinds.find((kind) => forms[kind].test(url));
}

/** {@link findKind} of a URL that the configuration has let through. */
export function kindOf(url: string): DatabaseKind {
  const kind = findKind(url);
  if (!kind) throw new Error("the database's URL has no known form");
  return kind;
}
