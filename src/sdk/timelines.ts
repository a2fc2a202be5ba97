import { limits } from "../protocol/limits.ts";
import type { TimelineMessage } from "../protocol/models.ts";
import type { StateStore } from "./actions.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import type { Http } from "./http.ts";
import type { Parley } from "./parley.ts";
import { endOf, isBlank, type PageKind } from "./timeline.ts";

interface TimelinesOptions {
  store: StateStore;
  http: Http;
  onPage(messages: readonly TimelineMessage[]): void;
  /** Somebody looks at a room from now on. */
  onOpened?(roomId: string): void;
}

export type Timelines = Parley["timelines"] & {
  /** The rooms that somebody looks at. */
  readonly opened: ReadonlySet<string>;
  /** Loads the newest page in place of what is held; false when that failed. */
  reload(roomId: string): Promise<boolean>;
  /** Loads what lies between the window and the messages that came ahead of it. */
  fill(roomId: string): Promise<boolean>;
  /** Nobody looks at anything: the session is over. */
  end(): void;
};

/** Messages that a room keeps when nobody looks at it. */
const keptWhenClosed = 2 * limits.pageDefault;

type Query = NonNullable<Parameters<Http["messages"]["history"]>[1]>;

function isAround(query: Query): boolean {
  return [query.around, query.around_seq, query.around_time].some((place) => place !== undefined);
}

/** Loads the pages of rooms' histories into the store. */
export function createTimelines({ store, http, onPage, onOpened }: TimelinesOptions): Timelines {
  const opened = new Set<string>();
  const underWay = new Map<string, Promise<boolean>>();
  const timeline = (roomId: string) => store.getSnapshot().timelines[roomId];

  /** One load of a kind runs at a time and room; a second caller waits for the first one's end. */
  function load(roomId: string, page: PageKind, query: Query): Promise<boolean> {
    const key = `${page} ${query.around ?? query.around_seq ?? query.around_time ?? ""} ${roomId}`;
    const running = underWay.get(key);
    if (running) return running;
    const started = fetchPage(roomId, page, query).finally(() => underWay.delete(key));
    underWay.set(key, started);
    return started;
  }

  async function fetchPage(roomId: string, page: PageKind, query: Query): Promise<boolean> {
    store.dispatch({ type: "page_requested", room_id: roomId, page });
    try {
      const { data: messages, meta } = await http.messages.history(roomId, query);
      const has_newer = page === "newer" ? meta.has_more : isAround(query);
      store.dispatch({ type: "page_loaded", room_id: roomId, page, messages, has_newer });
      onPage(messages);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof ConnectionError)) throw error;
      // The state tells whoever looks at the room; a caller has nothing to add.
      const code = error instanceof ApiError ? error.code : "OFFLINE";
      store.dispatch({ type: "page_failed", room_id: roomId, page, error: code });
      if (isAround(query) && error instanceof ApiError) throw error;
      return false;
    }
  }

  async function reload(roomId: string): Promise<boolean> {
    const unread = store.getSnapshot().rooms[roomId]?.unread_count ?? 0;
    const limit = unread > limits.pageDefault / 2 ? limits.pageMax : limits.pageDefault;
    return load(roomId, "page", { limit });
  }

  /** Loads what came between a page's making and its arrival, while nobody was collecting. */
  async function catchUp(roomId: string): Promise<void> {
    const held = timeline(roomId);
    if (!held || held.live || held.error !== null) return;
    await fill(roomId);
    if (endOf(timeline(roomId) ?? held) > endOf(held)) await catchUp(roomId);
  }

  async function fill(roomId: string): Promise<boolean> {
    const newest = timeline(roomId)?.messages.at(-1);
    return newest ? load(roomId, "newer", { after: newest.id, limit: limits.pageMax }) : reload(roomId);
  }

  return {
    opened,
    reload,
    fill,
    end: () => opened.clear(),
    async open(roomId) {
      opened.add(roomId);
      onOpened?.(roomId);
      if (isBlank(timeline(roomId))) await reload(roomId);
    },
    close(roomId) {
      opened.delete(roomId);
      store.dispatch({ type: "timeline_trimmed", room_id: roomId, keep: keptWhenClosed });
    },
    async loadOlder(roomId) {
      const oldest = timeline(roomId)?.messages[0];
      if (oldest && timeline(roomId)?.hasOlder) await load(roomId, "older", { before: oldest.id });
    },
    async loadNewer(roomId) {
      const held = timeline(roomId);
      if (held && !held.live && held.messages.length > 0) await fill(roomId);
    },
    async loadAround(roomId, messageId) {
      if (timeline(roomId)?.messages.some(({ id }) => id === messageId)) return;
      await load(roomId, "page", { around: messageId });
    },
    async loadAt(roomId, place) {
      if ("time" in place) return void (await load(roomId, "page", { around_time: place.time }));
      const messages = timeline(roomId)?.messages;
      const isHeld = messages?.[0] && messages[0].seq <= place.seq && endOf({ messages }) >= place.seq;
      if (!isHeld) await load(roomId, "page", { around_seq: place.seq });
    },
    keepAround(roomId, seq, count) {
      store.dispatch({ type: "timeline_trimmed", room_id: roomId, keep: { around: seq, count } });
    },
    async jumpToLatest(roomId) {
      if (timeline(roomId)?.live) return;
      await reload(roomId);
      await catchUp(roomId);
    },
  };
}
