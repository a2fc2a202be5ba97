/**
 * What goes over a channel: a line that says the version, the sender and how long each message is, then the messages one
 * after the other, byte for byte. Lengths are in UTF-16 units, so that both sides count alike without a buffer.
 * A node writes the version that its neighbours of the release before can read, and drops what it cannot read itself.
 */
const version = "1";

export interface Envelope {
  from: string;
  messages: string[];
}

export function seal(from: string, messages: readonly string[]): string {
  return `${version} ${from} ${messages.map(({ length }) => length).join(",")}\n${messages.join("")}`;
}

/** Whether this node itself sent it: asked before anything else is read, as it hears whatever it says. */
export function isFrom(nodeId: string, text: string): boolean {
  return text.startsWith(nodeId, version.length + 1) && text[version.length + 1 + nodeId.length] === " ";
}

/** Throws for what is of another version, or no envelope at all. */
export function unseal(text: string): Envelope {
  const end = text.indexOf("\n");
  const [found, from, lengths, ...more] = end === -1 ? [] : text.slice(0, end).split(" ");
  if (found !== version) throw new Error(`an envelope of version ${JSON.stringify(text.slice(0, 8))}`);
  if (!from || lengths === undefined || more.length > 0) throw new Error("an envelope without a sender");
  let at = end + 1;
  const messages = lengths.split(",").map((length) => text.slice(at, (at += Number(length))));
  if (at !== text.length) throw new Error("an envelope that is not as long as it says");
  return { from, messages };
}
