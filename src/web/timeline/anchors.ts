/** Where a person had scrolled to: how far the view begins below the top of a message. */
export interface Anchor {
  readonly messageId: string;
  readonly offsetPx: number;
}

const key = "parley.anchors";
const anchors = new Map<string, Anchor>(load());

function isAnchor(value: unknown): value is Anchor {
  return (
    typeof value === "object" &&
    value !== null &&
    "messageId" in value &&
    typeof value.messageId === "string" &&
    "offsetPx" in value &&
    typeof value.offsetPx === "number"
  );
}

function load(): [string, Anchor][] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(key) ?? "{}");
    if (typeof kept !== "object" || kept === null) return [];
    return Object.entries(kept).filter((entry): entry is [string, Anchor] => isAnchor(entry[1]));
  } catch {
    return []; // storage is forbidden, or holds something else
  }
}

/** Rooms without an anchor open at their first unread message, else at the end. */
export function anchorOf(roomId: string): Anchor | null {
  return anchors.get(roomId) ?? null;
}

export function keepAnchor(roomId: string, anchor: Anchor | null): void {
  if (anchor === null) anchors.delete(roomId);
  else anchors.set(roomId, anchor);
}

// Once, when the page goes, instead of at every pixel.
window.addEventListener("pagehide", () => {
  try {
    sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(anchors)));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // full or forbidden: rooms open at the end
  }
});
