import type { ReactNode } from "react";
import { MentionText } from "./mention-text.tsx";

/**
 * A piece of a message that is plain text, outside of code, as it is drawn. `mentions` are the ids of those whom the
 * message names.
 */
export function renderText(text: string, mentions: readonly string[]): ReactNode {
  return mentions.length > 0 && text.includes("@") ? <MentionText text={text} mentions={mentions} /> : text;
}
