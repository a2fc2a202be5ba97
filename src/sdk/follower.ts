import type { ServerFrame } from "../protocol/events.ts";
import { limits } from "../protocol/limits.ts";
import type { JoinedRoom, TimelineMessage } from "../protocol/models.ts";
import type { StateStore } from "./actions.ts";
import { callEach } from "./emitter.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import type { Http } from "./http.ts";

type Handler = (message: TimelineMessage) => void;

/** How far a room was followed: the last message that the handlers heard, and the newest that is known to exist. */
interface Place {
  id: string | null;
  seq: number;
  newest: number;
  filling: boolean;
}

/**
 * Tells every message of one's rooms once and in order, from the moment somebody listens: also what was sent while the
 * connection was lost, which is read from the room's history first.
 */
export class Follower {
  readonly #store: StateStore;
  readonly #http: Http;
  readonly #handlers = new Set<Handler>();
  readonly #places = new Map<string, Place>();
  #epoch: string | null = null;

  constructor({ store, http }: { store: StateStore; http: Http }) {
    this.#store = store;
    this.#http = http;
  }

  on(handler: Handler): () => void {
    if (this.#handlers.size === 0) {
      for (const room of Object.values(this.#store.getSnapshot().rooms)) this.#enter(room);
    }
    this.#handlers.add(handler);
    return () => {
      this.#handlers.delete(handler);
      if (this.#handlers.size === 0) this.#places.clear();
    };
  }

  receive(frame: ServerFrame): void {
    if (frame.type === "connected") {
      // Another history of the database: its numbers are not those that were followed.
      if (this.#epoch !== frame.payload.epoch) this.#places.clear();
      this.#epoch = frame.payload.epoch;
    }
    if (this.#handlers.size === 0) return;
    if (frame.type === "ready") for (const room of frame.payload.rooms) this.#enter(room);
    else if (frame.type === "room_added") this.#enter(frame.payload.room);
    else if (frame.type === "room_removed") this.#places.delete(frame.payload.room_id);
    else if (frame.type === "new_message" || frame.type === "new_direct_message") this.#hear(frame.payload);
  }

  /** The session is over; the next one starts with its own rooms. */
  end(): void {
    this.#places.clear();
  }

  #enter({ id, last_seq, last_message }: Pick<JoinedRoom, "id" | "last_seq" | "last_message">): void {
    const place = this.#places.get(id);
    if (place) {
      place.newest = Math.max(place.newest, last_seq);
      void this.#fill(id, place);
    } else {
      this.#places.set(id, { id: last_message?.id ?? null, seq: last_seq, newest: last_seq, filling: false });
    }
  }

  #hear(message: TimelineMessage): void {
    const place = this.#places.get(message.room_id);
    if (!place) return;
    place.newest = Math.max(place.newest, message.seq);
    if (message.seq === place.seq + 1 && !place.filling) this.#tell(place, message);
    else void this.#fill(message.room_id, place);
  }

  #tell(place: Place, message: TimelineMessage): void {
    if (message.seq <= place.seq) return;
    place.seq = message.seq;
    place.id = message.id;
    callEach(this.#handlers, message);
  }

  async #fill(roomId: string, place: Place): Promise<void> {
    if (place.filling) return;
    place.filling = true;
    try {
      while (place.seq < place.newest && this.#places.get(roomId) === place) {
        const messages = await this.#next(roomId, place);
        if ((messages.at(-1)?.seq ?? 0) <= place.seq) return;
        for (const message of messages) this.#tell(place, message);
      }
    } catch (error) {
      // Away, or no longer ours to see: the next `ready` or message tries again.
      if (!(error instanceof ApiError || error instanceof ConnectionError)) throw error;
    } finally {
      place.filling = false;
    }
  }

  /** The messages after a place. A room that was empty has none to start from: its pages are turned back to the first. */
  async #next(roomId: string, { id, seq }: Place): Promise<TimelineMessage[]> {
    const limit = limits.pageMax;
    if (id !== null) return (await this.#http.messages.history(roomId, { after: id, limit })).data;
    let messages = (await this.#http.messages.history(roomId, { limit })).data;
    for (let first = messages[0]; first && first.seq > seq + 1; first = messages[0]) {
      const { data } = await this.#http.messages.history(roomId, { before: first.id, limit });
      if (data.length === 0) break;
      messages = [...data, ...messages];
    }
    return messages;
  }
}
