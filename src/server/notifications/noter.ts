import { perContext, type Context } from "../context.ts";
import { wireTime } from "../platform/clock.ts";
import { isConstraintViolation } from "../platform/db/errors.ts";
import { nextTurn } from "../platform/turn.ts";
import { concernsOf, wanted, type Concern } from "./of-messages.ts";
import { type CommittedMessage, setNotedKey } from "./progress-store.ts";
import { ReadRooms } from "./read-rooms.ts";
import { insertNew, type NewNotification, ofMessages, remove, setRead, unreadCounts, unreadUpTo } from "./store.ts";
import { noteTold } from "./told.ts";
import { wireNotifications } from "./wire.ts";

/** What waits to be told (G7). Beyond it messages are found again in the database, from the noted key on. */
const waitingMax = 20_000;
const tasksPerBatch = 200;

/** Something that happened and that people are to be told of, or not any more. */
type Task =
  | { what: "message"; message: CommittedMessage }
  /** What else concerns members of a room. */
  | { what: "concerns"; concerns: () => Promise<readonly Concern[]> }
  /** What concerns people whatever room they are in. */
  | { what: "notifications"; rows: readonly NewNotification[] }
  | { what: "message_gone"; messageId: string }
  /** What else is to be taken back. */
  | { what: "gone"; find: () => Promise<readonly Gone[]> }
  /** Every message up to this key stands before this in the queue. */
  | { what: "noted"; key: number };

interface Gone {
  key: number;
  id: string;
  user_key: number;
}

/**
 * Writes notifications one batch after the other, after the commit of what they tell and never in its way, and tells the
 * people's devices. All that changes notifications in this process goes through it, so that what devices hear is in the
 * order in which it was stored.
 */
class Noter {
  #waiting: Task[] = [];
  #urgent: (() => Promise<void>)[] = [];
  /** Who waits until what was known when they asked is stored; `left` of it is still to be done. */
  #asked: { left: number; resolve: () => void }[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;
  #isStoring = false;
  /** Messages were passed over: what comes after the noted key must be looked for in the database. */
  hasLost = false;
  readonly #reads: ReadRooms;
  /** Another node has told somebody something. */
  toldElsewhere: (userKey: number) => void = () => {};

  constructor(private readonly ctx: Context) {
    this.#reads = new ReadRooms(ctx, (userKey) => this.toldElsewhere(userKey));
  }

  add(task: Task): void {
    if (this.#isClosed) return;
    if (this.#waiting.length >= waitingMax) {
      this.hasLost = true;
      return;
    }
    this.#waiting.push(task);
    this.#start();
  }

  /** Somebody has read a room up to here. Every send says so: where nothing is unread it costs two look-ups. */
  read(userKey: number, roomKey: number, seq: number): void {
    if (this.#isClosed) return;
    if (this.#reads.take(userKey, roomKey, seq, this.#isStoring)) this.#start();
  }

  /** Runs between two batches: for whoever waits for the answer. */
  soon<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#urgent.push(() => work().then(resolve, reject));
      this.#start();
    });
  }

  /** Resolves when all that has happened up to now is stored: whoever asks after an answer finds what it changed. */
  async settled(): Promise<void> {
    if (!this.#running) return;
    await new Promise<void>((resolve) => this.#asked.push({ left: this.#waiting.length + tasksPerBatch, resolve }));
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.idle();
  }

  /** Takes notifications back: their people hear which. */
  async takeBack(gone: readonly Gone[]): Promise<void> {
    if (gone.length === 0) return;
    await remove(
      this.ctx,
      gone.map(({ key }) => key),
    );
    await this.#tell(gone, (userId, payload) => this.ctx.publish.toUser(userId, "notifications_removed", payload));
  }

  /** Marks notifications as read; their people's devices hear of it. */
  async markRead(read: readonly Gone[], { all = false } = {}): Promise<void> {
    if (read.length === 0) return;
    const atMs = this.ctx.clock.now();
    await setRead(
      this.ctx,
      read.map(({ key }) => key),
      atMs,
    );
    const how = { all, read_at: wireTime(atMs) };
    await this.#tell(read, (userId, payload) =>
      this.ctx.publish.toUser(userId, "notifications_read", { ...payload, ...how }),
    );
  }

  async #tell(rows: readonly Gone[], tell: (userId: string, payload: { ids: string[]; unread_count: number }) => void) {
    const byUser = Map.groupBy(rows, ({ user_key }) => user_key);
    const counts = await unreadCounts(this.ctx, [...byUser.keys()]);
    const userIds = await this.#reads.idsOf([...byUser.keys()]);
    for (const [key, own] of byUser) {
      const userId = userIds.get(key);
      if (userId !== undefined) tell(userId, { ids: own.map(({ id }) => id), unread_count: counts.get(key) ?? 0 });
    }
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      // What came after the last look and before this found it still running.
      if (this.#waiting.length > 0 || this.#urgent.length > 0 || this.#reads.hasWaiting) this.#start();
    });
  }

  async #run(): Promise<void> {
    // In the next turn, so that what happens in this one is told together.
    await nextTurn();
    for (;;) {
      const urgent = this.#urgent.splice(0);
      for (const work of urgent) await work();
      const batch = this.#waiting.splice(0, tasksPerBatch);
      if (batch.length > 0) {
        this.#isStoring = true;
        await this.#guarded(() => this.#perform(batch), { mayLose: true });
        this.#isStoring = false;
        this.#answer(batch.length);
      } else if (this.#reads.hasWaiting) await this.#guarded(() => this.#markRoomsRead(), { mayLose: false });
      else if (this.#urgent.length === 0) {
        this.#answer(Infinity);
        return;
      }
      await nextTurn();
    }
  }

  #answer(done: number): void {
    for (const asked of this.#asked) asked.left -= done;
    const answered = this.#asked.filter(({ left }) => left <= 0);
    this.#asked = this.#asked.filter(({ left }) => left > 0);
    for (const { resolve } of answered) resolve();
  }

  /** What fails is told in the log; messages among it are looked for again. */
  async #guarded(work: () => Promise<void>, { mayLose }: { mayLose: boolean }): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (mayLose) this.hasLost = true;
      this.ctx.log.error("notifications could not be stored", { error });
    }
  }

  async #markRoomsRead(): Promise<void> {
    const reads = this.#reads.next();
    await this.markRead(await unreadUpTo(this.ctx, reads));
    await this.#reads.remember(reads);
  }

  /** In order: what was told before is there to be taken back. */
  async #perform(batch: readonly Task[]): Promise<void> {
    let messages: CommittedMessage[] = [];
    let others: NewNotification[] = [];
    const goneIds: string[] = [];
    const store = async () => {
      const rows = [...(await wanted(this.ctx, await concernsOf(this.ctx, messages))), ...others];
      [messages, others] = [[], []];
      await this.#store(rows);
    };
    for (const task of batch) {
      switch (task.what) {
        case "message":
          messages.push(task.message);
          break;
        case "notifications":
          others.push(...task.rows);
          break;
        case "concerns":
          others.push(...(await wanted(this.ctx, await task.concerns())));
          break;
        case "message_gone":
          goneIds.push(task.messageId);
          break;
        case "gone":
          await store();
          await this.takeBack(await task.find());
          break;
        case "noted":
          await store();
          if (!this.hasLost) await setNotedKey(this.ctx, task.key);
      }
    }
    await store();
    // A purge has thousands: together, after whatever told of them.
    if (goneIds.length > 0) await this.takeBack(await ofMessages(this.ctx, goneIds));
  }

  async #store(rows: readonly NewNotification[]): Promise<void> {
    if (rows.length === 0) return;
    const ids = await this.#insert(rows);
    const stored = rows.filter(({ id }) => ids.has(id));
    for (const { user_key, room_key, kind } of stored) {
      this.#reads.noteUnread(user_key, room_key);
      this.ctx.metrics.notifications.inc({ kind });
      noteTold(this.ctx, user_key);
    }
    const userIds = await this.#reads.idsOf(stored.map(({ user_key }) => user_key));
    const wire = await wireNotifications(this.ctx, stored);
    const counts = await unreadCounts(this.ctx, [...userIds.keys()]);
    for (const [index, notification] of wire.entries()) {
      const userKey = stored[index]?.user_key ?? 0;
      const userId = userIds.get(userKey);
      const payload = { ...notification, unread_count: counts.get(userKey) ?? 0 };
      if (userId !== undefined) this.ctx.publish.toUser(userId, "notification", payload);
    }
    // After it: what they hear of reading comes later.
    this.#reads.tellNodes(userIds.keys());
  }

  /** A room that was deleted meanwhile takes what it tells along: that must not keep others from being told. */
  async #insert(rows: readonly NewNotification[]): Promise<Set<string>> {
    try {
      return await insertNew(this.ctx, rows);
    } catch (error) {
      if (!isConstraintViolation(error)) throw error;
      if (rows.length === 1) return new Set();
      const middle = rows.length >> 1;
      const first = await this.#insert(rows.slice(0, middle));
      return first.union(await this.#insert(rows.slice(middle)));
    }
  }
}

export const noter = perContext((ctx) => new Noter(ctx));
