import type { StateStore } from "./actions.ts";
import type { Connection } from "./connection.ts";
import { ConnectionError } from "./errors.ts";
import type { Http } from "./http.ts";
import type { RoomState } from "./state.ts";

interface WatchingOptions {
  store: StateStore;
  http: Http;
  connection: Connection;
  /** Called when a room's state has come, which may be ahead of what is held of it. */
  onFollowed(roomId: string): void;
}

/** Public rooms that a guest follows without being in them. */
export class Watching {
  readonly #options: WatchingOptions;
  readonly #watched = new Set<string>();

  constructor(options: WatchingOptions) {
    this.#options = options;
  }

  async watch(roomId: string): Promise<RoomState> {
    this.#watched.add(roomId);
    return this.#follow(roomId);
  }

  async unwatch(roomId: string): Promise<void> {
    if (!this.#watched.delete(roomId)) return;
    this.#options.store.dispatch({ type: "room_unwatched", room_id: roomId });
    if (this.#options.connection.state.status === "ready") {
      await this.#options.connection.request("leave_room", { room_id: roomId });
    }
  }

  /** After `ready`, which knows nothing of a guest's rooms. */
  async resume(): Promise<void> {
    for (const roomId of this.#watched) {
      await this.#follow(roomId).catch((error: unknown) => {
        if (error instanceof ConnectionError) return; // the next `ready` follows again
        this.#watched.delete(roomId);
        this.#options.store.dispatch({ type: "room_unwatched", room_id: roomId });
      });
    }
  }

  end(): void {
    this.#watched.clear();
  }

  /** First the events, then the state: what changes in between comes both ways and is applied once. */
  async #follow(roomId: string): Promise<RoomState> {
    const { connection, http, store, onFollowed } = this.#options;
    await connection.request("join_room", { room_id: roomId });
    store.dispatch({ type: "room_watched", room: await http.rooms.get(roomId) });
    onFollowed(roomId);
    const room = store.getSnapshot().rooms[roomId];
    if (!room) throw new ConnectionError("The connection broke");
    return room;
  }
}
