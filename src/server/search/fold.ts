/**
 * Text as search compares it: width and compatibility forms (NFKC), case, and the accents of alphabets that are commonly
 * typed without them are folded away. What nobody sees (joiners, variation selectors) is gone.
 */

/** A folded text that still knows where it came from. */
export interface Folded {
  text: string;
  /** For each UTF-16 unit of `text`, where in the original what it was folded from begins and ends. */
  starts: number[];
  ends: number[];
}

/** What folds as one: a character and all that may join it when the text is normalized. */
const cluster =
  /\P{M}[\p{M}\p{Cf}\uFF9E\uFF9F\u1160-\u11FF\uD7B0-\uD7FF]*|[\p{M}\p{Cf}\uFF9E\uFF9F\u1160-\u11FF\uD7B0-\uD7FF]+/gu;
/** Ideographs, kana and syllables that no normalization changes unless something joins them: most of Chinese text. */
const isPlain = (code: number) =>
  (code >= 0x4e00 && code <= 0x9fff) || (code >= 0x3041 && code <= 0x3096) || (code >= 0x30a1 && code <= 0x30fa);
const accentsFold = /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Arabic}\p{Script=Hebrew}]/u;
const accent = /\p{Mn}/u;
const unseen = /[\p{Cf}\uFE00-\uFE0F]/u;

const remembered = new Map<string, string>();
const rememberedMax = 20_000;

/** {@link Folded.text} alone. */
export function folded(original: string): string {
  let text = "";
  for (const part of clusters(original)) text += foldedCluster(part);
  return text;
}

export function foldedWithPlaces(original: string): Folded {
  const starts: number[] = [];
  const ends: number[] = [];
  let text = "";
  let at = 0;
  for (const part of clusters(original)) {
    const out = foldedCluster(part);
    for (let unit = 0; unit < out.length; unit++) {
      starts.push(at);
      ends.push(at + part.length);
    }
    text += out;
    at += part.length;
  }
  return { text, starts, ends };
}

function* clusters(text: string): Generator<string> {
  // Stretches of what folds character by character need no expression.
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    const next = text.charCodeAt(at + 1);
    if ((code < 0x80 || isPlain(code)) && !(next >= 0x300 && !isPlain(next))) {
      yield text.charAt(at++);
      continue;
    }
    cluster.lastIndex = at;
    const part = cluster.exec(text)?.[0] ?? text.charAt(at);
    yield part;
    at += part.length;
  }
}

function foldedCluster(part: string): string {
  if (part.length === 1) {
    const code = part.charCodeAt(0);
    if (code < 0x80) return part.toLowerCase();
    if (isPlain(code)) return part;
  }
  const known = remembered.get(part);
  if (known !== undefined) return known;
  const made = fold(part);
  if (remembered.size >= rememberedMax) remembered.clear();
  remembered.set(part, made);
  return made;
}

function fold(part: string): string {
  let out = "";
  let base = "";
  for (const character of part.normalize("NFKC")) {
    // Upper case first: it brings together what lower case keeps apart (ß and SS, ς and σ).
    for (const lower of [...character.toUpperCase()].map((upper) => upper.toLowerCase()).join("")) {
      if (unseen.test(lower)) continue;
      if (accent.test(lower)) {
        if (!accentsFold.test(base)) out += lower;
        continue;
      }
      base = lower;
      out += accentsFold.test(lower) ? lower.normalize("NFKD").replaceAll(/\p{Mn}/gu, "") : lower;
    }
  }
  return out.normalize("NFKC");
}
