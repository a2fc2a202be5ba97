import type { Language } from "../../protocol/languages.ts";

/** The wordings of a count by the plural rules of a language; `other` serves where no more exact one is given. */
type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** Picks the form for `count` and puts the count, written as the language writes numbers, in place of `#`. */
export function pluralOf(language: Language): (count: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  return (count, forms) => (forms[rules.select(count)] ?? forms.other).replace("#", numbers.format(count));
}

/** A name inside a sentence: isolated, so that a right-to-left name leaves the words around it where they are. */
export function isolate(name: string): string {
  return `\u2068${name}\u2069`;
}
