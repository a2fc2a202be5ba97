/**
 * The parts of a folded text that can be looked for: words of alphabets, runs of scripts that are written without spaces,
 * and emoji. Everything else only parts them.
 */
export interface Part {
  kind: "word" | "run" | "emoji";
  text: string;
  /** Where it begins in the folded text. */
  at: number;
}

const none = 1;
const word = 2;
const run = 3;
const emoji = 4;
type Kind = typeof none | typeof word | typeof run | typeof emoji;

const letter = /[\p{L}\p{N}\p{M}]/u;
/** Scripts whose words nothing parts, and Hangul, whose words carry endings. */
const spaceless =
  /[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Yiii}]/u;
const pictograph = /\p{Extended_Pictographic}/u;

/** The kinds of the basic plane's characters, found out when first met. */
const kinds = new Uint8Array(0x10000);

function kindOf(character: string): Kind {
  if (!letter.test(character)) return pictograph.test(character) ? emoji : none;
  return spaceless.test(character) ? run : word;
}

export function parts(text: string): Part[] {
  const found: Part[] = [];
  let open: Part | undefined;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    const length = code >= 0xd800 && code < 0xdc00 && at + 1 < text.length ? 2 : 1;
    const kind = length === 2 ? kindOf(text.slice(at, at + 2)) : (kinds[code] ||= kindOf(text.charAt(at)));
    const name = kind === word ? "word" : kind === run ? "run" : kind === emoji ? "emoji" : undefined;
    if (open && open.kind === name && name !== "emoji") {
      open.text += text.slice(at, at + length);
    } else if (name) {
      open = { kind: name, text: text.slice(at, at + length), at };
      found.push(open);
    } else {
      open = undefined;
    }
    at += length;
  }
  return found;
}
