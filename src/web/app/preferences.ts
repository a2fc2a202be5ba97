import { useSyncExternalStore } from "react";
import { type Language, languages, negotiateLanguage } from "../../protocol/languages.ts";
import { createValue } from "./value.ts";

export type Theme = "system" | "light" | "dark";

/** What a person chose on this device; `null` follows the browser. `public/boot.js` reads the first two before paint. */
export interface Preferences {
  readonly language: Language | null;
  readonly theme: Theme;
  readonly enterSends: boolean;
  readonly listWidth: number;
}

export const listWidths = { min: 240, max: 480, usual: 320 } as const;

const keys = {
  language: "parley.language",
  theme: "parley.theme",
  enterSends: "parley.enter-sends",
  listWidth: "parley.list-width",
} as const satisfies Record<keyof Preferences, string>;

/** `localStorage`, or nothing where the browser forbids it. */
export function readStored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** The keys of `localStorage` that begin so. */
export function storedKeys(prefix: string): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return []; // forbidden: then there are none
  }
}

/** Keeps `value` on this device (`null`: no longer); what the browser refuses to keep is only forgotten with the page. */
export function store(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}

function read(): Preferences {
  const theme = readStored(keys.theme);
  const language = readStored(keys.language);
  const listWidth = Number(readStored(keys.listWidth));
  return {
    language: languages.find((known) => known === language) ?? null,
    theme: theme === "light" || theme === "dark" ? theme : "system",
    enterSends: readStored(keys.enterSends) !== "false",
    listWidth: listWidth >= listWidths.min && listWidth <= listWidths.max ? listWidth : listWidths.usual,
  };
}

const preferences = createValue(read());

/** The language of every text: chosen, or the best of ours for the browser. */
export function currentLanguage(): Language {
  return preferences.get().language ?? negotiateLanguage(navigator.languages.join(","));
}

const canvas = { light: "#f3f5f4", dark: "#111715" } as const;

/** Tells the page about theme and language; the rest follows by CSS. */
export function applyPreferences(): void {
  const { theme } = preferences.get();
  const root = document.documentElement;
  root.lang = currentLanguage();
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  const isDark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.querySelector('meta[name="theme-color"]')?.setAttribute("content", isDark ? canvas.dark : canvas.light);
}

export function setPreference<Key extends keyof Preferences>(key: Key, value: Preferences[Key]): void {
  store(keys[key], value === null || value === "system" ? null : String(value));
  preferences.set({ ...preferences.get(), [key]: value });
  applyPreferences();
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(preferences.subscribe, preferences.get);
}

/** The language in force, as it changes. */
export function useLanguage(): Language {
  return useSyncExternalStore(preferences.subscribe, currentLanguage);
}

/** Keeps the page in step with the system's scheme and with choices made in another tab. */
export function watchPreferences(): void {
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyPreferences);
  window.addEventListener("storage", ({ key }) => {
    if (key !== null && !Object.values<string>(keys).includes(key)) return;
    preferences.set(read());
    applyPreferences();
  });
}
