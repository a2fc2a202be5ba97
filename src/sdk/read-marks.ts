import type { ServerFrame } from "../protocol/events.ts";
import type { TimelineMessage } from "../protocol/models.ts";
import type { StateStore } from "./actions.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";

interface ReadMarksOptions {
  store: StateStore;
  connection: Pick<Connection, "send">;
  clock: Clock;
}

/** A scrolling reader passes many messages; the server hears of one this often at most. */
const everyMs = 500;

/** One's own read cursors on their way to the server. They only move forward; the state moves at once. */
export class ReadMarks {
  readonly #store: StateStore;
  readonly #connection: ReadMarksOptions["connection"];
  readonly #clock: Clock;
  /** The furthest mark of each room, kept until the server's own `ready` has it. */
  readonly #marks = new Map<string, { messageId: string; seq: number; sent: boolean }>();
  #cancelTimer: (() => void) | null = null;

  constructor({ store, connection, clock }: ReadMarksOptions) {
    this.#store = store;
    this.#connection = connection;
    this.#clock = clock;
  }

  mark(roomId: string, { id, seq }: TimelineMessage): void {
    const room = this.#store.getSnapshot().rooms[roomId];
    if (!room || room.my_role === null || seq <= room.read_seq) return;
    this.#marks.set(roomId, { messageId: id, seq, sent: false });
    this.#store.dispatch({ type: "read", room_id: roomId, seq });
    if (this.#cancelTimer === null) this.#send();
  }

  /**
   * Whoever has sent has read up to there. The server knows by itself; but another node, or one that was killed at once,
   * may not. Where the ack was lost, the message itself says so.
   */
  receive(frame: ServerFrame): void {
    if (frame.type === "message_ack") this.#wrote(frame.payload);
    else if (frame.type === "new_message" || frame.type === "new_direct_message") this.#came([frame.payload]);
    else if (frame.type === "sync_batch") this.#came(frame.payload.messages);
  }

  #came(messages: readonly TimelineMessage[]): void {
    const myId = this.#store.getSnapshot().me?.id;
    for (const message of messages) {
      const isOwn = !("is_hidden" in message) && message.type !== "system" && message.sender.id === myId;
      if (isOwn) this.#wrote(message);
    }
  }

  #wrote({ room_id, id, seq }: Pick<TimelineMessage, "room_id" | "id" | "seq">): void {
    if (seq > (this.#marks.get(room_id)?.seq ?? 0)) this.#marks.set(room_id, { messageId: id, seq, sent: true });
  }

  /** After `ready`: marks that the server has not got, because the connection broke, are set again. */
  resume(): void {
    for (const [roomId, mark] of this.#marks) {
      const room = this.#store.getSnapshot().rooms[roomId];
      if (!room || room.read_seq >= mark.seq) this.#marks.delete(roomId);
      else {
        mark.sent = false;
        this.#store.dispatch({ type: "read", room_id: roomId, seq: mark.seq });
      }
    }
    this.#send();
  }

  end(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#marks.clear();
  }

  #send(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    let sentAny = false;
    for (const [roomId, mark] of this.#marks) {
      if (mark.sent) continue;
      mark.sent = this.#connection.send("mark_read", { room_id: roomId, message_id: mark.messageId });
      sentAny ||= mark.sent;
    }
    if (sentAny) this.#cancelTimer = this.#clock.after(everyMs, () => this.#send());
  }
}
