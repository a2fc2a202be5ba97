import { invalid } from "../platform/app-error.ts";
import { folded } from "./fold.ts";
import { beginningToken, runTokens, wordToken } from "./tokens.ts";
import { parts } from "./words.ts";

/** One thing that a message must hold. */
export interface Term {
  /** `beginning`: a word that begins so; `run`: these characters side by side; else the whole word, or the emoji. */
  kind: "word" | "beginning" | "run" | "emoji";
  text: string;
}

export interface SearchQuery {
  terms: Term[];
  /** A message that holds every term has all of these tokens; most that have them hold every term. */
  tokens: string[];
}

/** More tokens than this find nothing that fewer did not: what they would rule out, a look at the message does. */
const tokensMax = 24;

/**
 * What the person typed, all of which a message must hold, in any order. The last word may still be growing, unless
 * something was typed after it. Throws `VALIDATION_ERROR` when there is nothing in it to look for.
 */
export function parseQuery(q: string): SearchQuery {
  const text = folded(q);
  const found = parts(text);
  const last = found.at(-1);
  const isGrowing = last?.kind === "word" && last.at + last.text.length === text.length;
  const terms = new Map<string, Term>();
  const tokens = new Set<string>();
  for (const part of found) {
    const beginning = isGrowing && part === last ? beginningToken(part.text) : undefined;
    const kind = beginning === undefined ? part.kind : "beginning";
    terms.set(`${kind} ${part.text}`, { kind, text: part.text });
    if (part.kind === "run") for (const token of runTokens(part.text)) tokens.add(token);
    else tokens.add(beginning ?? (part.kind === "word" ? wordToken(part.text) : part.text));
  }
  if (tokens.size === 0) throw invalid("q", "must hold a letter, a digit or an emoji");
  return { terms: [...terms.values()], tokens: [...tokens].slice(0, tokensMax) };
}
