import { withoutMarkup } from "../markdown/markdown.ts";

/** Longer ones are cut by the style sheet. */
const longestChars = 300;

/** What a message says, on one line and without its markup. */
export function saidIn(content: string): string {
  return withoutMarkup(content).slice(0, longestChars).replace(/\s+/g, " ").trim();
}
