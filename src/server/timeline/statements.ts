import type Libsql from "libsql";

/** A statement for the Worker's connection. Few different ones: each stays prepared. */
export interface Statement {
  sql: string;
  values: (string | number)[];
}

/** Runs statements as one transaction; when it returns, the transaction is on disk. */
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
