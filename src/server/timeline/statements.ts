import type Libsql from "libsql";
import type { Statement } from "../platform/db/database.ts";

/** Runs statements as one transaction; when it returns, the transaction is on disk. Few different ones: each stays prepared. */
export function statementRunner(db: Libsql.Database): (statements: Statement[]) => void {
  const prepared = new Map<string, Libsql.Statement>();
  return (statements) => {
    db.exec("BEGIN IMMEDIATE");
    try {
      for (const { sql, values } of statements) {
        const statement = prepared.get(sql) ?? db.prepare(sql);
        prepared.set(sql, statement);
        statement.run(values);
      }
      db.exec("COMMIT");
    } catch (error) {
      if (db.inTransaction) db.exec("ROLLBACK");
      throw error;
    }
  };
}
