import { z } from "zod";

/** Control characters other than tab and line feed: Postgres refuses some, terminals and logs obey others. */
// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/;
// oxlint-disable-next-line no-control-regex
const forbiddenInLine = /[\u0000-\u001F\u007F-\u009F]/;

/** Length in Unicode code points. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      count--;
      i++;
    }
  }
  return count;
}

interface TextBounds {
  min?: number;
  max?: number;
}

function withinBounds(text: string, { min = 0, max = Infinity }: TextBounds): string | undefined {
  // Length in UTF-16 units bounds the code points from both sides: most texts are never counted.
  if (min > 0 && codePoints(text) < min)
    return min === 1 ? "must not be empty" : `must have at least ${min} characters`;
  if (text.length > max && codePoints(text) > max) return `must have at most ${max} characters`;
  return undefined;
}

/** Text of several lines, kept as it came: CR LF becomes LF; lone surrogates and control characters are refused. */
export function multiline(bounds: TextBounds = {}) {
  return z.string().transform((raw, context) => {
    const text = raw.includes("\r") ? raw.replaceAll("\r\n", "\n") : raw;
    const problem = !text.isWellFormed()
      ? "must be well-formed Unicode"
      : forbidden.test(text) || text.includes("\r")
        ? "must not contain control characters"
        : withinBounds(text, bounds);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    return text;
  });
}

/** Text of one line, trimmed; otherwise as {@link multiline}. */
export function singleLine(bounds: TextBounds = {}) {
  return z.string().transform((raw, context) => {
    const text = raw.trim();
    const problem = !text.isWellFormed()
      ? "must be well-formed Unicode"
      : forbiddenInLine.test(text)
        ? "must not contain control characters"
        : withinBounds(text, bounds);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
    return text;
  });
}

/** Marks that turn the direction of what follows, and ones that nobody sees: with them a name can pass for another. */
const deceptive = /[\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF]/;
/** What shows nothing by itself: white space, joiners, combining marks, fillers. */
const invisible = /[\s\p{Cf}\p{M}\u115F\u1160\u2800\u3164\uFFA0]/gu;

/** The name of a person or a room: one line that can be seen and reads as it is written. */
export function nameLine(bounds: TextBounds) {
  return singleLine(bounds)
    .refine((name) => !deceptive.test(name), "must not contain invisible or direction marks")
    .refine((name) => name.replace(invisible, "") !== "", "must not be empty");
}

/** A UUIDv7 in its canonical lower-case form (RFC 9562). */
export const idPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A UUID of whatever version, which may name nothing here. */
export const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** An id in a query: what has not its form is a wrong value there; one that names nothing is not found. */
export const queryId = z.string().regex(uuidPattern, "must be an id");

/** An id that a client makes for a send, so that sending again is harmless: 1-64 printable ASCII characters. */
export const tempId = z.string().regex(/^[\x20-\x7e]{1,64}$/, "must be 1-64 printable ASCII characters");

/** A reference to something by id in a payload: whatever is not an id is simply not found. */
export const reference = z.string().min(1).max(64);
