/** An address found in a text: how many characters it takes, and where it leads. */
export interface Address {
  readonly length: number;
  readonly href: string;
}

const web = /https?:\/\/[^\s<>"'`[\]\u3000-\u303f\uff00-\uffef]{1,2000}/iuy;
const mailName = /[\w.+%-]{1,64}$/;
const mailHost = /@[a-z\d](?:[a-z\d-]{0,62}\.)+[a-z]{2,63}(?![\w-])/iy;
const bracketed = /<((?:https?:\/\/|mailto:)[^\s<>]{1,2000})>/iy;
/** Belongs to the sentence rather than to the address. */
const trailing = ".,:;!?*_~";
const closes: Readonly<Record<string, string>> = { ")": "(", "}": "{" };

/** Where a link may lead: the web or a mailbox; null for all else. */
export function safeHref(text: string): string | null {
  const url = URL.parse(text);
  if (url === null) return null;
  if (url.protocol === "mailto:") return url.href;
  // A name before the host makes an address look like another's.
  return /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" ? url.href : null;
}

function occurrences(text: string, character: string): number {
  return text.split(character).length - 1;
}

/** Cuts what ends the sentence, and a closing bracket that was not opened inside, as in "(see https://example.org)". */
function withoutTail(url: string): string {
  const unopened = Object.fromEntries(
    Object.entries(closes).map(([close, open]) => [close, occurrences(url, close) - occurrences(url, open)]),
  );
  let end = url.length;
  for (; end > 0; end--) {
    const last = url[end - 1] ?? "";
    const surplus = unopened[last];
    if (surplus !== undefined && surplus > 0) unopened[last] = surplus - 1;
    else if (!trailing.includes(last)) break;
  }
  return url.slice(0, end);
}

/** The web address that begins at `index`; without an `href` where it must not be followed. */
export function webAddressAt(text: string, index: number): { length: number; href: string | null } | null {
  web.lastIndex = index;
  const match = web.exec(text);
  if (match === null) return null;
  const url = withoutTail(match[0]);
  return { length: url.length, href: safeHref(url) };
}

/** The mail address whose `@` stands at `index`, with the length of the name before it. */
export function mailAddressAt(text: string, index: number): (Address & { readonly nameLength: number }) | null {
  mailHost.lastIndex = index;
  const host = mailHost.exec(text)?.[0];
  const name = mailName.exec(text.slice(Math.max(0, index - 64), index))?.[0];
  if (host === undefined || name === undefined) return null;
  const href = safeHref(`mailto:${name}${host}`);
  return href === null ? null : { length: name.length + host.length, nameLength: name.length, href };
}

/** The address in `<` and `>` that begins at `index`; `length` counts both. */
export function bracketedAddressAt(text: string, index: number): (Address & { readonly text: string }) | null {
  bracketed.lastIndex = index;
  const address = bracketed.exec(text)?.[1];
  const href = address === undefined ? null : safeHref(address);
  return address === undefined || href === null ? null : { length: address.length + 2, href, text: address };
}

/** Brackets inside of an address may nest this deep. */
const bracketsMax = 4;

/** What stands in the round brackets that open at `index`, as in `[text](https://example.org)`. */
export function destinationAt(text: string, index: number): Address | null {
  if (text[index] !== "(") return null;
  let depth = 0;
  for (let end = index + 1; end < text.length && end - index < 2_048; end++) {
    const character = text[end];
    if (character === undefined || /[\s<>]/.test(character)) return null;
    if (character === "(" && ++depth > bracketsMax) return null;
    if (character !== ")" || depth-- > 0) continue;
    const href = safeHref(text.slice(index + 1, end));
    return href === null ? null : { length: end - index + 1, href };
  }
  return null;
}

/** Whether a link says that it leads elsewhere than it does: its text is the address of another host. */
export function misleads(text: string, href: string): boolean {
  const said = /^\s*(?:https?:\/\/)?([^\s/?#:@]+\.[^\s/?#:@]+)/i.exec(text)?.[1];
  if (said === undefined || !/^[\p{L}\p{N}.-]+\.\p{L}{2,}$/u.test(said)) return false;
  const url = URL.parse(href);
  if (url?.protocol === "mailto:") return false;
  const bare = (host: string) => host.toLowerCase().replace(/^www\./, "");
  const host = URL.parse(`http://${said}`)?.hostname ?? said;
  return url === null || bare(url.hostname) !== bare(host);
}
