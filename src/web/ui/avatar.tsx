export interface AvatarProps {
  /** Decides the colour, so that a person or room has the same everywhere. */
  id: string;
  name: string;
  url?: string | null | undefined;
  size?: "small" | "usual" | "large" | "huge";
}

const colours = 8;

function hash(id: string): number {
  let sum = 0;
  for (let i = 0; i < id.length; i++) sum = (sum * 31 + id.charCodeAt(i)) >>> 0;
  return sum;
}

/** The first letter or two of a name: one for Chinese, Japanese and Korean, else of the first two words. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const first = [...(words[0] ?? "")][0] ?? "?";
  if (/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u.test(first)) return first;
  const second = [...(words.slice(1).find((word) => /^[\p{L}\p{N}]/u.test(word)) ?? "")][0] ?? "";
  return (first + second).toLocaleUpperCase();
}

/** A person's or room's picture; decoration, since the name stands beside it. */
export function Avatar({ id, name, url, size = "usual" }: AvatarProps) {
  const className = `avatar avatar-${size}`;
  if (url) return <img className={className} src={url} alt="" loading="lazy" decoding="async" />;
  return (
    <span className={className} data-colour={hash(id) % colours} data-initials={initials(name)} aria-hidden="true" />
  );
}
