import type { EventPayload } from "../../protocol/events.ts";
import { limits } from "../../protocol/limits.ts";
import { people } from "../accounts/people.ts";
import { blocksOfOne } from "../blocks/blocked.ts";
import { perContext, type Actor, type Context } from "../context.ts";
import { wireTime } from "../platform/clock.ts";
import type { RoomEntry } from "../rooms/directory.ts";
import { memberKeys } from "../rooms/membership.ts";
import { receiptsSeen } from "../timeline/cursors.ts";

/** Others hear of somebody's cursor this often at most, and then of the newest place alone. */
const everyMs = 500;

/** Somebody's cursor has come to a message. */
interface Receipt {
  room: RoomEntry;
  actor: Pick<Actor, "key" | "id">;
  kind: "read" | "delivered";
  messageId: string;
  seq: number;
  atMs: number;
}

interface Told {
  dueMs: number;
  /** What has come since it was told of last. */
  next: Receipt | undefined;
}

/** What others are told of cursors: the first move at once, then the newest of each half second. */
class ReceiptNews {
  /** Those of whom something was told lately, the oldest first. */
  readonly #told = new Map<string, Told>();
  #isWaiting = false;
  #cancel = () => {};

  constructor(private readonly ctx: Context) {}

  tell(receipt: Receipt): void {
    const name = `${receipt.room.key} ${receipt.actor.key} ${receipt.kind}`;
    const told = this.#told.get(name);
    if (told) {
      if (receipt.seq > (told.next?.seq ?? 0)) told.next = receipt;
      return;
    }
    this.#publish(name, receipt);
  }

  stop(): void {
    this.#cancel();
  }

  #publish(name: string, receipt: Receipt): void {
    this.#told.delete(name);
    this.#told.set(name, { dueMs: this.ctx.clock.now() + everyMs, next: undefined });
    this.#wait();
    void this.ctx.jobs.run(`receipt ${name} ${receipt.seq}`, async () => {
      try {
        await receiptsSeen(this.ctx);
      } finally {
        await publish(this.ctx, receipt);
      }
    });
  }

  #wait(): void {
    const [oldest] = this.#told.values();
    if (this.#isWaiting || !oldest) return;
    this.#isWaiting = true;
    this.#cancel = this.ctx.clock.after(Math.max(0, oldest.dueMs - this.ctx.clock.now()), () => {
      this.#isWaiting = false;
      this.#tellDue();
    });
  }

  #tellDue(): void {
    const now = this.ctx.clock.now();
    for (const [name, { dueMs, next }] of this.#told) {
      if (dueMs > now) break;
      if (next) this.#publish(name, next);
      else this.#told.delete(name);
    }
    this.#wait();
  }
}

const news = perContext((ctx) => {
  const made = new ReceiptNews(ctx);
  ctx.onClose(() => made.stop());
  return made;
});

/** Tells those whom it concerns how far somebody has come; after it was taken in. */
export function tellReceipt(ctx: Context, receipt: Receipt): void {
  news(ctx).tell(receipt);
}

async function publish(ctx: Context, receipt: Receipt): Promise<void> {
  const { room, actor, kind } = receipt;
  const members = room.is_lobby ? [] : await memberKeys(ctx, room);
  const person = await people(ctx).byKey(actor.key);
  const isTold = members.length > 0 && members.length <= limits.broadcastMembers;
  const keepsToThemselves = kind === "read" && person?.privacy.read_receipts === false;
  if (!isTold || keepsToThemselves) {
    // One's other devices follow in any case.
    if (kind === "read") ctx.publish.toUser(actor.id, "message_read", readOf(receipt));
    if (isTold) await publish(ctx, { ...receipt, kind: "delivered" });
    return;
  }
  const persons = await people(ctx).byKeys(members);
  const isDeaf = (key: number) => kind === "read" && persons.get(key)?.privacy.read_receipts === false;
  if (room.type !== "direct" && !members.some(isDeaf)) {
    if (kind === "read") ctx.publish.toRoomNow(actor.id, "message_read", readOf(receipt));
    else ctx.publish.toRoomNow(actor.id, "message_delivered", deliveredOf(receipt));
    return;
  }
  const { blocked, blockers } = await blocksOfOne(ctx, actor.key);
  for (const key of members) {
    const id = persons.get(key)?.id;
    const isOther = key !== actor.key;
    if (id === undefined || (isOther && (isDeaf(key) || blocked.has(key) || blockers.has(key)))) continue;
    if (kind === "read") ctx.publish.toUser(id, "message_read", readOf(receipt));
    else ctx.publish.toUser(id, "message_delivered", deliveredOf(receipt));
  }
}

function readOf({ room, actor, messageId, seq, atMs }: Receipt): EventPayload<"message_read"> {
  return { room_id: room.id, message_id: messageId, user_id: actor.id, read_seq: seq, read_at: wireTime(atMs) };
}

function deliveredOf({ room, actor, messageId, seq, atMs }: Receipt): EventPayload<"message_delivered"> {
  const place = { room_id: room.id, message_id: messageId, user_id: actor.id };
  return { ...place, delivered_seq: seq, delivered_at: wireTime(atMs) };
}
