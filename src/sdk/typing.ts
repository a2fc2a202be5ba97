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
/** What comes sooner than 2 s after the last time, as after a message, the server keeps to itself. */
const soonestMs = 2_500;
/** Of whom nothing more is heard is forgotten. */
const forgetMs = 5_000;

interface Own {
  typedAtMs: number;
  saidAtMs: number;
  /** Whether others believe it. */
  isSaid: boolean;
  /** Calls off what is to be said. */
  cancelSaying: (() => void) | null;
  cancelIdling: (() => void) | null;
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
    const now = this.#options.clock.now();
    const own = this.#own.get(roomId) ?? {
      typedAtMs: now,
      saidAtMs: -Infinity,
      isSaid: false,
      cancelSaying: null,
      cancelIdling: null,
    };
    this.#own.set(roomId, own);
    own.typedAtMs = now;
    own.cancelIdling ??= this.#wait(roomId, own, idleMs);
    const waitMs = own.saidAtMs + (own.isSaid ? againMs : soonestMs) - now;
    if (waitMs <= 0) this.#say(roomId, own);
    else if (!own.isSaid) own.cancelSaying ??= this.#options.clock.after(waitMs, () => this.#say(roomId, own));
  }

  /** What was typed is gone again, or is left alone. */
  stopped(roomId: string): void {
    const isSaid = this.#own.get(roomId)?.isSaid;
    this.sent(roomId);
    if (isSaid) this.#options.connection.send("typing", { room_id: roomId, is_typing: false });
  }

  /** It was sent: the message itself ends it for everybody. */
  sent(roomId: string): void {
    const own = this.#own.get(roomId);
    if (!own) return;
    own.cancelSaying?.();
    own.cancelIdling?.();
    Object.assign(own, { isSaid: false, cancelSaying: null, cancelIdling: null });
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
    for (const roomId of this.#own.keys()) this.sent(roomId);
    this.#own.clear();
  }

  /** In big rooms nobody would be told. */
  #isHeard(roomId: string): boolean {
    const room = this.#options.store.getSnapshot().rooms[roomId];
    return !!room && room.my_role !== null && !room.is_lobby && room.member_count <= limits.broadcastMembers;
  }

  #say(roomId: string, own: Own): void {
    own.cancelSaying?.();
    own.cancelSaying = null;
    own.isSaid = true;
    own.saidAtMs = this.#options.clock.now();
    this.#options.connection.send("typing", { room_id: roomId, is_typing: true });
  }

  #wait(roomId: string, own: Own, ms: number): () => void {
    return this.#options.clock.after(ms, () => {
      const leftMs = own.typedAtMs + idleMs - this.#options.clock.now();
      if (leftMs > 0) own.cancelIdling = this.#wait(roomId, own, leftMs);
      else this.stopped(roomId);
    });
  }
}
