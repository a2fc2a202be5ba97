import type { Sql } from "postgres";
import type { Query } from "./line.ts";

/** Statements with more parameters come in many lengths, and each would stay prepared in every session. */
const preparedParametersMax = 12;

type Values = NonNullable<Parameters<Sql["unsafe"]>[1]>;

/** What Drizzle asks of its driver, over connections that it is lent for one statement each. */
export function drizzleClient(run: <T>(statement: Query<T>) => Promise<T>) {
  const ask = (text: string, values: Values, asArrays: boolean) =>
    run<unknown>((sql) => {
      const query = sql.unsafe(text, values, { prepare: values.length <= preparedParametersMax });
      return asArrays ? query.values() : query;
    });
  return {
    options: { parsers: {}, serializers: {} },
    unsafe: (text: string, values: Values) => ({
      values: () => ask(text, values, true),
      // oxlint-disable-next-line unicorn/no-thenable
      then: (done: (rows: unknown) => unknown, failed: (error: unknown) => unknown) =>
        ask(text, values, false).then(done, failed),
    }),
  };
}
