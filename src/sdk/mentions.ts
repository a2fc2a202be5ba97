export { beginsMention, everybody };
import { beginsMention, everybody, namesAt } from "../protocol/mentions.ts";
import type { Message, TimelineMessage } from "../protocol/models.ts";

/** Whether a message names this person, or everybody. */
export function mentions(message: TimelineMessage, userId: string | null): boolean {
  if ("is_hidden" in message || userId === null) return false;
  return message.mentions.includes(userId) || message.mentions.includes(everybody);
}

/** Whom a name in a text stands for. */
export interface Named {
  id: string;
  username: string;
  display_name: string;
}

/** A piece of a text; with `mention` it is an `@` and a name, and says whose (or `all`). */
export interface MentionPart {
  text: string;
  mention?: string;
}

const folded = (text: string) => text.normalize("NFKC").toLowerCase();

/** What in a message's text its `mentions` stand for, by the names of those known; to be asked of what is not code. */
export class MentionReader {
  readonly #ids = new Map<string, string>();

  constructor({ mentions }: Pick<Message, "mentions">, known: (userId: string) => Named | undefined) {
    for (const id of mentions) {
      const person = id === everybody ? undefined : known(id);
      if (id === everybody) this.#ids.set(everybody, everybody);
      if (!person) continue;
      this.#ids.set(folded(person.display_name), id);
      this.#ids.set(folded(person.username), id);
    }
  }

  /** The text in pieces; in one where it names nobody. */
  parts(text: string): MentionPart[] {
    if (this.#ids.size === 0 || !text.includes("@")) return [{ text }];
    const parts: MentionPart[] = [];
    let done = 0;
    for (let at = text.indexOf("@"); at !== -1; at = text.indexOf("@", at + 1)) {
      const found = beginsMention(text, at) ? this.#nameAt(text, at) : undefined;
      if (!found) continue;
      if (at > done) parts.push({ text: text.slice(done, at) });
      parts.push(found);
      done = at + found.text.length;
    }
    if (done < text.length || parts.length === 0) parts.push({ text: text.slice(done) });
    return parts;
  }

  #nameAt(text: string, at: number): (MentionPart & { mention: string }) | undefined {
    for (const name of namesAt(text, at + 1)) {
      const mention = this.#ids.get(folded(name));
      if (mention !== undefined) return { text: `@${name}`, mention };
    }
    return undefined;
  }
}
