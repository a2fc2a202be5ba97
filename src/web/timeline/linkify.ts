/** A piece of a message: plain text, or an address that may be followed. */
export type Segment = { readonly text: string } | { readonly text: string; readonly href: string };

const address = /https?:\/\/[^\s<>"'`\u3000-\u303f\uff00-\uffef]+/giu;
/** Belongs to the sentence rather than to the address. */
const trailing = /[.,:;!?*_~]+$/;

/** Cuts a closing bracket that was not opened inside, as in "(see https://example.org)". */
function withoutStrayBrackets(url: string): string {
  for (const [open, close] of ["()", "[]", "{}"].map((pair) => pair.split(""))) {
    while (open && close && url.endsWith(close) && url.split(close).length > url.split(open).length) {
      url = url.slice(0, -1);
    }
  }
  return url;
}

function safeHref(text: string): string | null {
  const url = URL.parse(text);
  // A name before the host makes an address look like another's.
  const isSafe = url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
  return isSafe ? url.href : null;
}

/** Text with its `http(s)` addresses told apart. The pieces together are the text. */
export function linkify(text: string): Segment[] {
  const segments: Segment[] = [];
  let end = 0;
  for (const match of text.matchAll(address)) {
    let url = match[0];
    for (let before = ""; before !== url;) {
      before = url;
      url = withoutStrayBrackets(url).replace(trailing, "");
    }
    const href = safeHref(url);
    if (href === null) continue;
    if (match.index > end) segments.push({ text: text.slice(end, match.index) });
    segments.push({ text: url, href });
    end = match.index + url.length;
  }
  if (end < text.length) segments.push({ text: text.slice(end) });
  return segments;
}
