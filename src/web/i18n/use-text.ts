import type { Language } from "../../protocol/languages.ts";
import { currentLanguage, useLanguage } from "../app/preferences.ts";
import { type Dictionary, en } from "./en.ts";
import { type Format, formatOf } from "./format.ts";
import { zhCN } from "./zh-cn.ts";
import { zhTW } from "./zh-tw.ts";

const dictionaries: Record<Language, Dictionary> = { en, "zh-TW": zhTW, "zh-CN": zhCN };

/** The texts outside of components; a component takes {@link useText}, which follows changes. */
export function currentText(): Dictionary {
  return dictionaries[currentLanguage()];
}

/** Every text in the person's language. */
export function useText(): Dictionary {
  return dictionaries[useLanguage()];
}

/** Dates, times and numbers in the person's language. */
export function useFormat(): Format {
  return formatOf(useLanguage());
}
