import { z } from "zod";

/** Values of every type and many shapes: whatever a field may hold, most of these it may not. */
const strange: readonly unknown[] = [
  null,
  0,
  -1,
  1.5,
  1e308,
  2 ** 60,
  true,
  "",
  " ",
  "x",
  "x".repeat(20_000),
  "null",
  "a\u0000b",
  "\ud800",
  "a\u202eb\u0007",
  [],
  [null],
  ["a", "b"],
  [[]],
  {},
  { $ne: null },
  { toString: "x", length: 1 },
  Array.from({ length: 2_000 }, () => "x"),
];

/** Names that no input has; some would reach into the prototype of a careless program. */
const unknownFields = [
  "role",
  "id",
  "user_id",
  "sender_id",
  "key",
  "constructor",
  "prototype",
  "toString",
  "__proto__",
];

export interface WrongInput {
  /** What is wrong with it, for the name of a failure. */
  what: string;
  /** As it goes over the wire. */
  json: string;
}

function fieldsOf(schema: z.ZodType): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** `__proto__` in a literal would set the prototype: text it is. */
function withField(base: object, name: string, value: unknown): string {
  const rest = JSON.stringify(base).slice(1);
  return `{${JSON.stringify(name)}:${JSON.stringify(value)}${rest === "}" ? "" : ","}${rest}`;
}

/**
 * Every input that differs from `valid` in one field and that `schema` refuses: each field missing, of another type, too
 * long, badly written; fields that nobody asked for; and what is no object at all.
 */
export function wrongInputs(schema: z.ZodType, valid: Record<string, unknown>): WrongInput[] {
  const found: WrongInput[] = [];
  const add = (what: string, json: string) => {
    if (!schema.safeParse(JSON.parse(json)).success) found.push({ what, json });
  };
  for (const field of fieldsOf(schema)) {
    const { [field]: _, ...without } = valid;
    add(`${field} missing`, JSON.stringify(without));
    for (const value of strange)
      add(`${field} is ${JSON.stringify(value)?.slice(0, 40)}`, withField(without, field, value));
  }
  // Whatever the schema says: none may let these through.
  for (const field of unknownFields) {
    if (fieldsOf(schema).includes(field)) continue;
    found.push({ what: `an unknown field ${field}`, json: withField(valid, field, { role: "admin" }) });
  }
  for (const value of [null, [], [valid], "text", 5, true])
    add(`the whole is ${JSON.stringify(value)}`, JSON.stringify(value));
  return found;
}
