import { Languages } from "lucide-react";
import type { ChangeEvent } from "react";
import { type Language, languages } from "../../protocol/languages.ts";
import { setPreference, useLanguage } from "../app/preferences.ts";
import { useText } from "../i18n/use-text.ts";

/** Each language under its own name, so that whoever needs it can read it. */
export const languageNames: Record<Language, string> = { en: "English", "zh-TW": "繁體中文", "zh-CN": "简体中文" };

export function LanguageSelect() {
  const text = useText();
  const language = useLanguage();
  function choose({ target }: ChangeEvent<HTMLSelectElement>) {
    setPreference("language", languages.find((known) => known === target.value) ?? null);
  }
  return (
    <label className="language-select">
      <Languages size={18} aria-hidden />
      <span className="visually-hidden">{text.settings.language}</span>
      <select className="input" value={language} onChange={choose}>
        {languages.map((known) => (
          <option key={known} value={known} lang={known}>
            {languageNames[known]}
          </option>
        ))}
      </select>
    </label>
  );
}
