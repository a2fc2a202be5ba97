import type { ServerFrame } from "../protocol/events.ts";
import { limits } from "../protocol/limits.ts";
import type { StateStore } from "./actions.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";

interface TypingOptions {
  store: StateStore;
  connection: Pick<Connection, "send">;
  clock: Clock;
}

/** That one is typing is said again this often, and no longer once nothing was typed for as long as others believe it. */
const againMs = 3_000;
const idleMs = 5_000;
/** Of whom nothing more is heard is forgotten. */
const forgetMs = 5_000;

interface Own {
  saidAtMs: number;
  typedAtMs: number;
  cancel: () => void;
}

/** One's own typing, said at intervals; and that of others, forgotten when they fall silent. */
export class Typing {
  readonly #options: TypingOptions;
  readonly #own = new Map<string, Own>();

  constructor(options: TypingOptions) {
    this.#options = options;
  }

  /** Something was typed in a room. */
  typed(roomId: string): void {
    if (!this.#isHeard(roomId)) return;
    const { clock, connection } = this.#options;
    const now = clock.now();
    const own = this.#own.get(roomId) ?? { saidAtMs: -Infinity, typedAtMs: now, cancel: this.#wait(roomId, idleMs) };
    this.#own.set(roomId, own);
    own.typedAtMs = now;
    if (now - own.saidAtMs < againMs) return;
    own.saidAtMs = now;
    connection.send("typing", { room_id: roomId, is_typing: true });
  }

  /** What was typed is gone again, or is left alone. */
  stopped(roomId: string): void {
    if (this.#forget(roomId)) this.#options.connection.send("typing", { room_id: roomId, is_typing: false });
  }

  /** It was sent: the message itself ends it for everybody. */
  sent(roomId: string): void {
    this.#forget(roomId);
  }

  receive(frame: ServerFrame): void {
    if (frame.type !== "user_typing" || !frame.payload.is_typing) return;
    const { room_id, user } = frame.payload;
    this.#options.clock.after(forgetMs, () => {
      const heard_at = frame.timestamp;
      this.#options.store.dispatch({ type: "typing_forgotten", room_id, user_id: user.id, heard_at });
    });
  }

  /** The session is over. */
  end(): void {
    for (const roomId of this.#own.keys()) this.#forget(roomId);
  }

  /** In big rooms nobody would be told. */
  #isHeard(roomId: string): boolean {
    const room = this.#options.store.getSnapshot().rooms[roomId];
    return !!room && room.my_role !== null && !room.is_lobby && room.member_count <= limits.broadcastMembers;
  }

  #wait(roomId: string, ms: number): () => void {
    return this.#options.clock.after(ms, () => {
      const own = this.#own.get(roomId);
      if (!own) return;
      const leftMs = own.typedAtMs + idleMs - this.#options.clock.now();
      if (leftMs > 0) own.cancel = this.#wait(roomId, leftMs);
      else this.stopped(roomId);
    });
  }

  #forget(roomId: string): boolean {
    this.#own.get(roomId)?.cancel();
    return this.#own.delete(roomId);
  }
}
