import { limits } from "./limits.ts";
import type { Message, Quotation } from "./models.ts";

const max = limits.quotationChars;

/** A message as replies to it quote it; of one that is gone the content is empty, and so is the quotation's. */
export function quotationOf({ id, sender, content }: Pick<Message, "id" | "sender" | "content">): Quotation {
  // No code point has more than two units.
  const cut =
    content.length <= max
      ? content
      : Array.from(content.slice(0, 2 * max))
          .slice(0, max)
          .join("");
  return { id, sender, content: cut };
}
