import type { ServerFrame } from "../protocol/events.ts";
import { limits } from "../protocol/limits.ts";
import type { TimelineMessage } from "../protocol/models.ts";
import type { StateStore } from "./actions.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";

interface DeliveriesOptions {
  store: StateStore;
  connection: Pick<Connection, "send">;
  clock: Clock;
}

/** The server hears of each room this often at most. What is read meanwhile need not be said to have come. */
const everyMs = 500;

/** Says by itself what has come to this device, in rooms small enough that somebody may ask. */
export class Deliveries {
  readonly #store: StateStore;
  readonly #connection: DeliveriesOptions["connection"];
  readonly #clock: Clock;
  readonly #newest = new Map<string, { id: string; seq: number }>();
  #cancelTimer: (() => void) | null = null;

  constructor({ store, connection, clock }: DeliveriesOptions) {
    this.#store = store;
    this.#connection = connection;
    this.#clock = clock;
  }

  /** To be called after the store has heard of the frame. */
  receive(frame: ServerFrame): void {
    if (frame.type === "new_message" || frame.type === "new_direct_message") this.#came(frame.payload);
    else if (frame.type === "sync_batch") for (const message of frame.payload.messages) this.#came(message);
    else if (frame.type === "ready") {
      for (const { last_message, unread_count } of frame.payload.rooms) {
        if (last_message && unread_count > 0) this.#came(last_message);
      }
    }
  }

  end(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#newest.clear();
  }

  #came(message: TimelineMessage): void {
    const { me, rooms } = this.#store.getSnapshot();
    const room = rooms[message.room_id];
    if (!room || room.my_role === null || room.is_lobby || room.member_count > limits.statusMembers) return;
    if ("is_hidden" in message || message.type === "system" || message.sender.id === me?.id) return;
    if (message.seq <= (this.#newest.get(room.id)?.seq ?? 0)) return;
    this.#newest.set(room.id, { id: message.id, seq: message.seq });
    this.#cancelTimer ??= this.#clock.after(everyMs, () => this.#send());
  }

  #send(): void {
    this.#cancelTimer = null;
    const { me, rooms } = this.#store.getSnapshot();
    for (const [roomId, { id, seq }] of this.#newest) {
      const room = rooms[roomId];
      const told = room?.cursors?.find(({ user_id }) => user_id === me?.id)?.delivered_seq ?? 0;
      if (!room || seq <= Math.max(room.read_seq, told)) continue;
      this.#connection.send("mark_delivered", { room_id: roomId, message_id: id });
    }
    this.#newest.clear();
  }
}
