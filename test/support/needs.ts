/**
 * What the machine may lack. A suite that needs it is skipped by name and counted; where `CI` is set, a lack is a
 * failure, so that nothing goes untested unnoticed.
 */
export function orFail(lack: string | undefined): string | undefined {
  if (lack !== undefined && process.env["CI"]) throw new Error(`CI is set, and ${lack}`);
  return lack;
}

/** Why `program` cannot be used here; `undefined` when it can. */
export function lackOf(program: string): string | undefined {
  return orFail(Bun.which(program) === null ? `${program} is not installed` : undefined);
}
