import { Monitor, Moon, Sun } from "lucide-react";
import { languages } from "../../protocol/languages.ts";
import { setPreference, usePreferences } from "../app/preferences.ts";
import { useText } from "../i18n/use-text.ts";
import { Choice } from "../ui/field.tsx";
import { languageNames } from "./language-select.tsx";

export function AppearancePage() {
  const text = useText();
  const { theme, language, enterSends } = usePreferences();
  return (
    <div className="form">
      <Choice
        label={text.settings.theme}
        name="theme"
        value={theme}
        onChange={(chosen) => setPreference("theme", chosen)}
        options={[
          { value: "system", label: text.settings.themes.system, icon: <Monitor size={20} aria-hidden /> },
          { value: "light", label: text.settings.themes.light, icon: <Sun size={20} aria-hidden /> },
          { value: "dark", label: text.settings.themes.dark, icon: <Moon size={20} aria-hidden /> },
        ]}
      />
      <Choice
        label={text.settings.language}
        name="language"
        value={language ?? "auto"}
        onChange={(chosen) => setPreference("language", chosen === "auto" ? null : chosen)}
        options={[
          { value: "auto", label: text.settings.languageAuto },
          ...languages.map((known) => ({ value: known, label: languageNames[known] })),
        ]}
      />
      <Choice
        label={text.settings.enter}
        name="enter"
        value={enterSends ? "sends" : "breaks"}
        onChange={(chosen) => setPreference("enterSends", chosen === "sends")}
        options={[
          { value: "sends", label: text.settings.enterSends },
          { value: "breaks", label: text.settings.enterBreaks },
        ]}
      />
    </div>
  );
}
