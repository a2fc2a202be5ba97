import type { EventPayload, ServerFrame } from "../protocol/events.ts";
import type { Message, TimelineMessage } from "../protocol/models.ts";
import { quotationOf } from "../protocol/quotation.ts";
import type { StateStore } from "./actions.ts";
import { retryDelayMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { ApiError } from "./errors.ts";
import type { OutboxStorage } from "./outbox-storage.ts";
import type { Sent } from "./parley.ts";
import { whyUnsendable } from "./sendable.ts";
import type { PendingMessage } from "./state.ts";
import { uuidv7 } from "./uuid.ts";

type Ack = EventPayload<"message_ack">;

interface OutboxOptions {
  store: StateStore;
  connection: Pick<Connection, "send">;
  clock: Clock;
  storage: OutboxStorage;
}

interface AddOptions {
  receiverId?: string | undefined;
  replyTo?: Message | undefined;
}

/** Where the server names no time. */
const limitedForMs = 1_000;

/**
 * Messages on their way. What waits is `state.pending`; this sends it: in order, one at a time per room (so that a refused
 * message is never overtaken), and again with the same `temp_id` whenever nobody knows what became of it.
 */
export class Outbox {
  readonly #store: StateStore;
  readonly #connection: OutboxOptions["connection"];
  readonly #clock: Clock;
  readonly #storage: OutboxStorage;
  readonly #acks = new Map<string, PromiseWithResolvers<Ack>>();
  #userId: string | null = null;
  /** The server asked for patience: until then nothing is sent. */
  #pausedUntilMs = 0;
  #busyTries = 0;
  #cancelTimer = () => {};

  constructor({ store, connection, clock, storage }: OutboxOptions) {
    this.#store = store;
    this.#connection = connection;
    this.#clock = clock;
    this.#storage = storage;
  }

  /** Takes up what a former run of the program, or page, left unsent. */
  async begin(userId: string): Promise<void> {
    if (this.#userId === userId) return;
    this.#userId = userId;
    const kept = await this.#storage.load(userId);
    if (this.#userId !== userId) return; // signed out meanwhile
    const known = new Set(this.#all().map(({ temp_id }) => temp_id));
    for (const message of kept) {
      if (known.has(message.temp_id) || message.status === "sent") continue;
      const status = message.status === "failed" ? "failed" : "queued";
      this.#update(message.room_id, (held) => [...held, { ...message, status }]);
    }
    this.flush();
  }

  /** Forgets everything, also what is kept for later: the person signed out. */
  end({ forget }: { forget: boolean }): void {
    this.#cancelTimer();
    if (forget) for (const { temp_id } of this.#all()) this.#unkeep(temp_id);
    for (const { reject } of this.#acks.values()) reject(discarded());
    this.#acks.clear();
    this.#userId = null;
  }

  /** `receiverId`: there is no room with this person yet. */
  add(roomId: string, content: string, { receiverId, replyTo }: AddOptions = {}): Sent {
    const now = this.#clock.now();
    const error = whyUnsendable(content);
    const message: PendingMessage = {
      temp_id: uuidv7(now),
      room_id: roomId,
      ...(receiverId !== undefined && { receiver_id: receiverId }),
      ...(replyTo && { reply_to: quotationOf(replyTo) }),
      content,
      created_at: new Date(now).toISOString(),
      status: error ? "failed" : "queued",
      seq: null,
      error,
    };
    const ack = Promise.withResolvers<Ack>();
    // Whoever does not ask for the ack sees the failure in the state; it must not end a program as an unhandled rejection.
    ack.promise.catch(() => {});
    if (error) ack.reject(new ApiError({ status: null, ...error }));
    else this.#acks.set(message.temp_id, ack);
    this.#keep(message);
    this.#update(roomId, (held) => [...held, message]);
    this.flush();
    return { tempId: message.temp_id, acked: ack.promise };
  }

  retry(tempId: string): void {
    this.#change(tempId, (message) =>
      message.status === "failed" && !whyUnsendable(message.content)
        ? { ...message, status: "queued", error: null }
        : message,
    );
    this.flush();
  }

  discard(tempId: string): void {
    const message = this.#find(tempId);
    if (message?.status !== "failed" && message?.status !== "queued") return;
    this.#update(message.room_id, (held) => held.filter(({ temp_id }) => temp_id !== tempId));
    this.#unkeep(tempId);
    this.#acks.get(tempId)?.reject(discarded());
    this.#acks.delete(tempId);
    this.flush();
  }

  /** The connection broke: nobody knows what became of the sends under way. */
  interrupted(): void {
    for (const { temp_id, status } of this.#all()) {
      if (status === "sending") this.#change(temp_id, (message) => ({ ...message, status: "queued" }));
    }
  }

  /** Sends each room's next message, when there is a connection and the server is willing. */
  flush(): void {
    this.#cancelTimer();
    const wait = this.#pausedUntilMs - this.#clock.now();
    if (wait > 0) {
      this.#cancelTimer = this.#clock.after(wait, () => this.flush());
      return;
    }
    for (const pending of Object.values(this.#store.getSnapshot().pending)) {
      const next = pending.find(({ status }) => status === "queued" || status === "sending");
      if (next?.status !== "queued") continue;
      // The id is the frame's `ref` too, so that every refusal can be told apart.
      if (!this.#send(next)) return;
      const { temp_id } = next;
      this.#change(temp_id, (message) => ({ ...message, status: "sending" }));
    }
  }

  #send({ temp_id, room_id, receiver_id, content, reply_to }: PendingMessage): boolean {
    const body = { content, temp_id, ...(reply_to && { reply_to_id: reply_to.id }) };
    return receiver_id === undefined
      ? this.#connection.send("send_message", { room_id, ...body }, temp_id)
      : this.#connection.send("send_direct_message", { receiver_id, ...body }, temp_id);
  }

  /** To be called after the store has heard of the frame. */
  receive(frame: ServerFrame): void {
    if (frame.type === "message_ack") this.#acked(frame.payload);
    else if (frame.type === "new_message" || frame.type === "new_direct_message") this.seen([frame.payload]);
    else if (frame.type === "sync_batch") this.seen(frame.payload.messages);
    else if (frame.type === "error") this.#refused(frame.payload.temp_id ?? frame.ref, frame.payload);
  }

  #acked(ack: Ack): void {
    this.#busyTries = 0;
    this.#unkeep(ack.temp_id);
    this.#acks.get(ack.temp_id)?.resolve(ack);
    this.#acks.delete(ack.temp_id);
    this.flush();
  }

  /** One's own message among those of the room is as good as its ack, which may have been lost. */
  seen(messages: readonly TimelineMessage[]): void {
    for (const message of messages) {
      if ("is_hidden" in message || message.temp_id === null || message.sender.id !== this.#userId) continue;
      const { temp_id, id, room_id, seq, rev, created_at } = message;
      this.#acked({ temp_id, id, room_id, seq, rev, created_at });
    }
  }

  #refused(tempId: string | undefined, { code, message, details, retry_after_ms }: EventPayload<"error">): void {
    if (tempId === undefined || this.#find(tempId)?.status !== "sending") return;
    const now = this.#clock.now();
    if (code === "RATE_LIMITED" || code === "UNAVAILABLE") {
      const wait = code === "RATE_LIMITED" ? limitedForMs : retryDelayMs(++this.#busyTries, this.#clock.random());
      this.#pausedUntilMs = now + (retry_after_ms ?? wait);
      this.#change(tempId, (held) => ({ ...held, status: "queued" }));
    } else {
      this.#change(tempId, (held) => ({ ...held, status: "failed", error: { code, message } }));
      this.#acks.get(tempId)?.reject(new ApiError({ status: null, code, message, details }));
      this.#acks.delete(tempId);
    }
    this.flush();
  }

  #all(): PendingMessage[] {
    return Object.values(this.#store.getSnapshot().pending).flat();
  }

  #find(tempId: string): PendingMessage | undefined {
    return this.#all().find(({ temp_id }) => temp_id === tempId);
  }

  #change(tempId: string, change: (message: PendingMessage) => PendingMessage): void {
    const message = this.#find(tempId);
    if (!message) return;
    const changed = change(message);
    if (changed.status === "failed" || message.status === "failed") this.#keep(changed);
    this.#update(message.room_id, (held) => held.map((other) => (other === message ? changed : other)));
  }

  #update(roomId: string, change: (held: readonly PendingMessage[]) => readonly PendingMessage[]): void {
    const messages = change(this.#store.getSnapshot().pending[roomId] ?? []);
    this.#store.dispatch({ type: "pending", room_id: roomId, messages });
  }

  #keep(message: PendingMessage): void {
    if (this.#userId !== null) this.#storage.put(this.#userId, message);
  }

  #unkeep(tempId: string): void {
    if (this.#userId !== null) this.#storage.remove(this.#userId, tempId);
  }
}

function discarded(): ApiError {
  return new ApiError({ status: null, code: "DISCARDED", message: "The message was not sent" });
}
