import type { TimelineMessage } from "../../src/protocol/models.ts";
import { within } from "./deferred.ts";
import type { Journal } from "./journal.ts";
import type { Person } from "./people.ts";
import type { TestSocket } from "./socket.ts";

/**
 * Somebody who reads one room over any number of connections and misses nothing: live frames while connected, `sync`
 * from the last `rev` after each cut.
 */
export class Follower {
  seq = 0;
  rev = 0;
  epoch = "";
  /** How many messages came live and how many by `sync`. */
  readonly came = { live: 0, synced: 0 };
  #socket: TestSocket | undefined;
  #receive: ReturnType<Journal["receiver"]> | undefined;
  #waiting: { seq: number; resolve: () => void }[] = [];

  constructor(
    public person: Person,
    private readonly roomId: string,
    private readonly journal: Journal,
  ) {}

  /** Connects; the first time it follows from where the room stands, then from where it was cut. */
  async connect(wsUrl?: string): Promise<void> {
    const socket = await this.person.connect(wsUrl === undefined ? {} : { wsUrl });
    this.#socket = socket;
    const epoch = socket.seen("connected")[0]?.epoch ?? "";
    const room = socket.seen("ready")[0]?.rooms.find(({ id }) => id === this.roomId);
    if (!room) throw new Error(`${this.person.username} is not in the room`);
    if (this.#receive === undefined) {
      this.epoch = epoch;
      this.rev = room.rev;
      this.seq = room.last_seq;
      this.#receive = this.journal.receiver(this.person.username, this.roomId, room.last_seq);
    } else {
      if (epoch !== this.epoch) throw new Error("the epoch changed");
      await this.#catchUp(socket);
    }
    socket.each("new_message", (message) => {
      if (message.room_id === this.roomId) this.#take(message, "live");
    });
  }

  /** Resolves when everything up to `seq` has come. */
  reached(seq: number): Promise<void> {
    if (this.seq >= seq) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ seq, resolve });
    return within(promise, () => `${this.person.username} got up to seq ${this.seq} of ${seq}`);
  }

  cut(): void {
    this.#socket?.cut();
  }

  async #catchUp(socket: TestSocket): Promise<void> {
    for (let isMore = true; isMore;) {
      const done = socket.request("sync", { epoch: this.epoch, rooms: [{ room_id: this.roomId, rev: this.rev }] });
      const { payload: batch } = await socket.next("sync_batch", ({ room_id }) => room_id === this.roomId);
      const answer = await done;
      if (answer.type !== "sync_done") throw new Error(`sync was answered by ${JSON.stringify(answer)}`);
      for (const message of batch.messages) this.#take(message, "synced");
      this.rev = Math.max(this.rev, batch.rev);
      isMore = batch.has_more;
    }
  }

  #take(message: TimelineMessage, how: "live" | "synced"): void {
    // What came live on the old connection may come again by sync, or the other way round: numbers tell.
    if (message.seq <= this.seq || "is_hidden" in message) return;
    this.came[how]++;
    this.seq = message.seq;
    this.rev = Math.max(this.rev, message.rev);
    this.#receive?.(message);
    this.#waiting = this.#waiting.filter(({ seq, resolve }) => {
      if (seq > this.seq) return true;
      resolve();
      return false;
    });
  }
}
