import Libsql from "libsql";

/**
 * Rows of a libSQL file, read beside a running server. By the server's own library: POSIX locks belong to the process,
 * so a second SQLite in it (`bun:sqlite`) would not see the first one's locks, and would drop them when it closes the file.
 */
export function rowsOf(path: string, sql: string, ...values: (string | number)[]): Record<string, unknown>[] {
  const file = new Libsql(path, { readonly: true, timeout: 5_000 });
  try {
    return file.prepare(sql).all(...values) as Record<string, unknown>[];
  } finally {
    file.close();
  }
}
