import type { ServerFrame } from "../protocol/events.ts";
import { limits } from "../protocol/limits.ts";
import type { StateStore } from "./actions.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { ApiError, ConnectionError } from "./errors.ts";

interface WatchOptions {
  store: StateStore;
  connection: Pick<Connection, "request" | "send">;
  clock: Clock;
}

/** Views that open and close together ask once. */
const gatherMs = 50;
/** After so long without a sign of the person this device is taken for left. */
export const idleAfterMs = 5 * 60_000;

/** Whom the open views show: watched for as long as one of them does. */
export class PresenceWatch {
  readonly #options: WatchOptions;
  /** How many views show each. */
  readonly #shown = new Map<string, number>();
  /** The server watches them for every socket without being asked; direct partners too. */
  readonly #friends = new Set<string>();
  #isDue = false;
  #isReady = false;
  /** Whether the server watches anybody for this socket because it was asked to. */
  #hasAsked = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** The returned function ends it. */
  watch(userIds: readonly string[]): () => void {
    const own = [...new Set(userIds)];
    for (const id of own) this.#shown.set(id, (this.#shown.get(id) ?? 0) + 1);
    this.#ask();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      for (const id of own) this.#hide(id);
      this.#ask();
    };
  }

  receive(frame: ServerFrame): void {
    if (frame.type === "ready") {
      this.#isReady = true;
      this.#hasAsked = false;
      this.#friends.clear();
      for (const { id } of frame.payload.friends) this.#friends.add(id);
      this.#ask();
    } else if (frame.type === "relationship_changed") {
      const { user, friend } = frame.payload;
      if (friend) this.#friends.add(user.id);
      else this.#friends.delete(user.id);
      this.#ask();
    }
  }

  /** The connection broke: with the next one everything is asked for again. */
  end(): void {
    this.#isReady = false;
  }

  #hide(id: string): void {
    const left = (this.#shown.get(id) ?? 0) - 1;
    if (left > 0) this.#shown.set(id, left);
    else this.#shown.delete(id);
  }

  #ask(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#options.clock.after(gatherMs, () => {
      this.#isDue = false;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    const { store, connection } = this.#options;
    if (!this.#isReady) return;
    const { presence, rooms } = store.getSnapshot();
    const near = new Set([...this.#friends, ...Object.values(rooms).flatMap(({ peer }) => peer?.id ?? [])]);
    const stale = Object.keys(presence).filter((id) => !this.#shown.has(id) && !near.has(id));
    if (stale.length > 0) store.dispatch({ type: "presence_forgotten", user_ids: stale });
    // Those who came last are the ones that are looked at.
    const user_ids = [...this.#shown.keys()].filter((id) => !near.has(id)).slice(-limits.watchedPeople);
    if (user_ids.length === 0 && !this.#hasAsked) return;
    this.#hasAsked = user_ids.length > 0;
    try {
      // What it answers comes as a frame.
      await connection.request("watch_presence", { user_ids });
    } catch (error) {
      // Refused as too often: the next change asks again. Lost: the next `ready` does.
      if (!(error instanceof ApiError || error instanceof ConnectionError)) throw error;
    }
  }
}

/** Tells the server when nobody is at this device, and when somebody is again. */
export class Idle {
  readonly #options: Omit<WatchOptions, "store">;
  #isIdle = false;
  #activeAtMs = 0;
  #cancel: (() => void) | null = null;

  constructor(options: Omit<WatchOptions, "store">) {
    this.#options = options;
  }

  /** Somebody is here: at every key and touch, so it costs next to nothing. Programs that never say so are never idle. */
  active(): void {
    this.#activeAtMs = this.#options.clock.now();
    if (this.#isIdle) this.#tell(false);
    this.#cancel ??= this.#wait(idleAfterMs);
  }

  /** A new socket counts as used until it is told otherwise. */
  resume(): void {
    if (this.#isIdle) this.#tell(true);
  }

  /** The session is over. */
  end(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#isIdle = false;
  }

  #wait(ms: number): () => void {
    return this.#options.clock.after(ms, () => {
      const leftMs = this.#activeAtMs + idleAfterMs - this.#options.clock.now();
      this.#cancel = leftMs > 0 ? this.#wait(leftMs) : null;
      if (leftMs <= 0) this.#tell(true);
    });
  }

  #tell(isIdle: boolean): void {
    this.#isIdle = isIdle;
    this.#options.connection.send("set_status", { status: isIdle ? "away" : "online", auto: true });
  }
}
