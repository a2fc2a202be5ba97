import en from "emojibase-data/en/data.json";
import enMessages from "emojibase-data/en/messages.json";
import codes from "emojibase-data/en/shortcodes/emojibase.json";
import zh from "emojibase-data/zh/data.json";
import zhMessages from "emojibase-data/zh/messages.json";
import zhHant from "emojibase-data/zh-hant/data.json";
import zhHantMessages from "emojibase-data/zh-hant/messages.json";
import { emojiOf } from "../../../protocol/emoji.ts";

/*
 * Runs while the client is bundled, as a macro: of Emojibase's data only what the picker and the completion show goes into
 * the client, a fifth of the whole; each in the form in which the server keeps it.
 */

const sources = {
  en: { emojis: en, messages: enMessages, codes },
  zh: { emojis: zh, messages: zhMessages, codes: {} },
  "zh-hant": { emojis: zhHant, messages: zhHantMessages, codes: {} },
};

/** What nearly every device has a picture for by now; newer ones can be reacted with all the same. */
const newestVersion = 15.1;
const withoutGroup = "component";

/** JSON of what `unpack.ts` reads: text, which a browser parses faster than code. */
export function packed(language: keyof typeof sources): string {
  const { emojis, messages, codes } = sources[language];
  const named: Readonly<Record<string, string | readonly string[]>> = codes;
  return JSON.stringify({
    categories: messages.groups.filter(({ key }) => key !== withoutGroup).map(({ order, message }) => [order, message]),
    skinTones: Object.fromEntries(messages.skinTones.map(({ key, message }) => [key, message])),
    emojis: emojis
      .filter(({ group, version }) => group !== undefined && version <= newestVersion)
      .sort((a, b) => (a.order ?? 0) - (b.order ?? 0))
      .map(({ emoji, group, label, tags = [], skins = [], hexcode }) => [
        emojiOf(emoji) ?? emoji,
        group,
        label,
        tags,
        skins.filter(({ tone }) => typeof tone === "number").map((skin) => emojiOf(skin.emoji) ?? skin.emoji),
        [named[hexcode] ?? []].flat(),
      ]),
  });
}
