import { limits } from "../../protocol/limits.ts";
import type { Cursor } from "../../protocol/models.ts";
import { people } from "../accounts/people.ts";
import type { StoredMessage } from "../timeline/append.ts";
import type { Quoted } from "../timeline/quotations.ts";
import type { Personal } from "../timeline/for-viewer.ts";
import { allReactors, reactorsAmong } from "../timeline/reactions.ts";
import { perContext, type Context } from "../context.ts";
import { changesFor, type Changes } from "../messages/changes.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import { Pace } from "../platform/pace.ts";

/** A batch of changes stays about below this, so that a slow peer can take it before more is sent. */
const batchChars = 256 * 1024;
const batchChangesMin = 20;

/** Remembered batches, and their characters all together (G7). */
const batchesMax = 20_000;
const charsMax = 8 * 1024 * 1024;
const forgetEveryMs = 10_000;
/** Reading what changed in one room takes about 0.6 ms. */
const readsPerTurn = 6;

interface Room {
  key: number;
  id: string;
  rev: number;
  is_lobby: boolean;
}

/** What changed in a room since a `rev`, as text but for the reader's own cursor. */
interface Batch {
  /** The room's `rev` when it was asked for, and the people's version: it holds as long as neither has moved. */
  roomRev: number;
  peopleVersion: number;
  text: Promise<BatchText>;
}

interface BatchText {
  before: string;
  after: string;
  rows: readonly StoredMessage[];
  /** Everybody who has reacted to one of them, once somebody has asked. */
  reactors?: Promise<ReadonlySet<number> | undefined>;
  quoted: Quoted;
}

/**
 * What changed, for the members of a room. After a crash all of them ask for the same: it is read and put into words
 * once, for as long as nothing new happens in the room.
 */
class CatchUp {
  #batches = new RecentMap<string, Batch>(batchesMax);
  #chars = 0;
  readonly #pace = new Pace(readsPerTurn);

  constructor(private readonly ctx: Context) {}

  /** JSON of a `sync_batch`'s payload; `rev` is what the room has now. */
  async text(room: Room, sinceRev: number, personal: Personal | null, cursors: readonly Cursor[]): Promise<string> {
    const shared = room.rev <= sinceRev ? nothingNew(room) : await this.#since(room, sinceRev);
    const { rows, quoted } = shared;
    const isOwn =
      personal !== null &&
      (personal.hidSince(room.key, sinceRev) ||
        (!room.is_lobby && rows.some((row) => personal.wrote(row))) ||
        rows.some((row) => personal.touches(row, quoted)) ||
        (await this.#seesOwnReactions(personal, shared)));
    const { before, after } = isOwn ? await this.#read(room.key, sinceRev, personal) : shared;
    return `${before},"cursors":${JSON.stringify(cursors)}${after}`;
  }

  /** Who has reacted is read once for all who ask, unless there are too many of them. */
  async #seesOwnReactions(personal: Personal, shared: BatchText): Promise<boolean> {
    if (!shared.rows.some(({ reactions }) => reactions !== null)) return false;
    const reactors = await (shared.reactors ??= allReactors(this.ctx, shared.rows));
    if (reactors) return personal.seesOwnReactions(reactors);
    return (await reactorsAmong(this.ctx, personal.reactors, shared.rows)).size > 0;
  }

  forgetUnused(): void {
    this.#batches = new RecentMap(batchesMax);
    this.#chars = 0;
  }

  #since({ key, rev }: Room, sinceRev: number): Batch["text"] {
    const name = `${key} ${sinceRev}`;
    const known = this.#batches.get(name);
    const peopleVersion = people(this.ctx).version;
    if (known && known.roomRev >= rev && known.peopleVersion === peopleVersion) return known.text;
    const text = this.#read(key, sinceRev, null);
    this.#batches.set(name, { roomRev: rev, peopleVersion, text });
    text.then(
      ({ before }) => {
        this.#chars += before.length;
        if (this.#chars > charsMax) this.forgetUnused();
      },
      () => this.#batches.delete(name),
    );
    return text;
  }

  async #read(roomKey: number, sinceRev: number, personal: Personal | null): Promise<BatchText> {
    await this.#pace.turn();
    const { changes: all, rows, quoted } = await this.#thatFit(roomKey, sinceRev, personal);
    const { rev, has_more, ...changes } = all;
    return {
      before: JSON.stringify(changes).slice(0, -1),
      after: `,"rev":${rev},"has_more":${has_more}}`,
      rows,
      quoted,
    };
  }

  async #thatFit(roomKey: number, sinceRev: number, personal: Personal | null): Promise<Changes> {
    const all = await changesFor(this.ctx, personal, roomKey, sinceRev, limits.changesPerRoom);
    const chars = all.rows.reduce((sum, { content }) => sum + content.length, 0);
    if (chars <= batchChars) return all;
    const fitting = Math.max(batchChangesMin, Math.floor((all.rows.length * batchChars) / chars));
    return changesFor(this.ctx, personal, roomKey, sinceRev, fitting);
  }
}

function nothingNew({ id, rev }: Room): BatchText {
  return {
    before: `{"room_id":"${id}","messages":[],"members":[],"members_removed":[]`,
    after: `,"rev":${rev},"has_more":false}`,
    rows: [],
    quoted: new Map(),
  };
}

export const catchUp = perContext((ctx) => {
  const made = new CatchUp(ctx);
  ctx.jobs.every("forget changes", forgetEveryMs, async () => made.forgetUnused());
  return made;
});
