import type { ReactNode } from "react";

/**
 * A piece of a message that is plain text, outside of code, as it is drawn. `mentions` are the ids of those whom the
 * message names.
 */
export function renderText(text: string, _mentions: readonly string[]): ReactNode {
  return text;
}
