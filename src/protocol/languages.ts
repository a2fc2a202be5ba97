/** The languages of every text that a person may read. */
export const languages = ["en", "zh-TW", "zh-CN"] as const;
export type Language = (typeof languages)[number];

/** The best of our languages for an `Accept-Language` header (RFC 9110 §12.5.4); `en` when nothing matches. */
export function negotiateLanguage(header: string | null | undefined): Language {
  if (!header) return "en";
  const wanted = header
    .slice(0, 256)
    .split(",")
    .map((part) => {
      const [tag = "", ...params] = part.trim().split(";");
      const q = params.map((p) => /^\s*q=([\d.]+)\s*$/.exec(p)?.[1]).find((value) => value !== undefined);
      return { tag: tag.trim().toLowerCase(), q: q === undefined ? 1 : Number(q) };
    })
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q);
  for (const { tag } of wanted) {
    if (tag === "en" || tag.startsWith("en-")) return "en";
    if (tag === "zh" || tag.startsWith("zh-")) return /^zh-(tw|hk|mo|hant)/.test(tag) ? "zh-TW" : "zh-CN";
  }
  return "en";
}
