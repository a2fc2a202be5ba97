import { limits } from "./limits.ts";

/** The beginning of a message on one line, as a notification shows it. */
export function excerpt(content: string): string {
  // Code points beyond the first plane take two units, and runs of blanks shrink: four times is plenty.
  const line = content
    .slice(0, 4 * limits.excerptChars)
    .replace(/\s+/g, " ")
    .trim();
  const points = [...line];
  return points.length <= limits.excerptChars ? line : `${points.slice(0, limits.excerptChars - 1).join("")}…`;
}
