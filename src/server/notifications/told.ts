import { perContext, type Context } from "../context.ts";

/** People who were told something since they were last looked at (G7): whoever is not among them comes next time. */
const toldMax = 50_000;

const told = perContext(() => new Set<number>());

/** Somebody was told something: they may have more than is kept. */
export function noteTold(ctx: Context, userKey: number): void {
  const people = told(ctx);
  if (people.size < toldMax) people.add(userKey);
}

/** Whom {@link noteTold} was called for since this was asked last. */
export function takeTold(ctx: Context): number[] {
  const people = [...told(ctx)];
  told(ctx).clear();
  return people;
}
