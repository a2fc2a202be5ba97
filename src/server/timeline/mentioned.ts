import { everybody } from "../../protocol/mentions.ts";
import type { StoredMessage } from "./append.ts";

/** Whom a message names: ids, and {@link everybody}. */
export function mentionsOf({ mentions }: Pick<StoredMessage, "mentions">): string[] {
  // Parsed is what `storedMentions` has written.
  return mentions === null ? [] : (JSON.parse(mentions) as string[]);
}

/** For the column: `null` where nobody is named, so that the partial index holds few rows. */
export function storedMentions(mentions: readonly string[]): string | null {
  return mentions.length === 0 ? null : JSON.stringify(mentions);
}

/** Whether the column names this person, or everybody. */
export function isMentioned(mentions: string, userId: string): boolean {
  return mentions.includes(`"${userId}"`) || mentions.includes(`"${everybody}"`);
}
