import { eq, inArray } from "drizzle-orm";
import { idPattern } from "../../protocol/text.ts";
import { perContext, type Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { Cache } from "../platform/cache/cache.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import type { Tables } from "../platform/db/database.ts";
import { jsonTexts } from "../platform/db/json-rows.ts";
import { findLobby, findRoom, idOfRoom, roomByKey } from "./store.ts";

/** A room as the database has it at one moment. */
export type RoomRow = Tables["rooms"]["$inferSelect"];

/** A room as it is remembered: without the numbers that move with every message, which are read from the database. */
export type RoomEntry = Omit<RoomRow, "last_seq" | "rev" | "settings_rev" | "pins_rev" | "member_count">;

const entriesMax = 20_000;
const idsMax = 200_000;
const cacheName = "rooms";

/** The rooms that exist, remembered. A deleted room is as one that never was. */
class Directory {
  readonly #entries: Cache<RoomEntry>;
  /** Keys never change their id. */
  readonly #ids = new RecentMap<number, string>(idsMax);
  #lobbyId: string | undefined;

  constructor(private readonly ctx: Context) {
    this.#entries = new Cache(entriesMax, async (id) => {
      const row = await findRoom(ctx, id);
      if (!row) return undefined;
      const { last_seq: _, rev: _rev, settings_rev: _settings, pins_rev: _pins, member_count: _count, ...entry } = row;
      this.#ids.set(entry.key, entry.id);
      return entry;
    });
    ctx.caches.register(cacheName, (id) => this.#entries.drop(id), {
      clear: () => this.#entries.clear(),
      holdsRights: true,
    });
  }

  /** The room if it is remembered. */
  known(id: string): RoomEntry | undefined {
    return this.#entries.peek(id);
  }

  /** The room; `undefined` when there is none, or `id` is no id. */
  async byId(id: string): Promise<RoomEntry | undefined> {
    return idPattern.test(id) ? this.#entries.get(id) : undefined;
  }

  async byKey(key: number): Promise<RoomEntry | undefined> {
    const id = this.#ids.get(key) ?? (await idOfRoom(this.ctx, key));
    return id === undefined ? undefined : this.#entries.get(id);
  }

  /** The room whose members are all accounts; made at the first start. */
  async lobby(): Promise<RoomEntry> {
    this.#lobbyId ??= (await findLobby(this.ctx))?.id;
    const lobby = this.#lobbyId === undefined ? undefined : await this.#entries.get(this.#lobbyId);
    if (!lobby) throw new Error("there is no lobby yet");
    return lobby;
  }

  /** Forgets the room on every node. Call it right after the commit that changed or deleted it. */
  forget(room: Pick<RoomEntry, "id">): void {
    this.ctx.publish.invalidate(cacheName, room.id);
  }
}

export const rooms = perContext((ctx) => new Directory(ctx));

/** How a room stands. */
export interface RoomState {
  rev: number;
  type: RoomRow["type"];
  isDeleted: boolean;
}

/** How these rooms stand, by id; one of which nothing is left is missing. */
export async function roomStates({ db }: Pick<Context, "db">, ids: readonly string[]): Promise<Map<string, RoomState>> {
  const { rooms } = db.tables;
  const rows = await db.read
    .select({ id: rooms.id, rev: rooms.rev, type: rooms.type, deletedAt: rooms.deleted_at })
    .from(rooms)
    .where(inArray(rooms.id, jsonTexts(db, ids)));
  return new Map(rows.map(({ id, rev, type, deletedAt }) => [id, { rev, type, isDeleted: deletedAt !== null }]));
}

/** The room with its numbers, also one that was deleted, for as long as something of it is left. */
export async function roomEvenDeleted({ db }: Pick<Context, "db">, id: string): Promise<RoomRow | undefined> {
  const { rooms } = db.tables;
  const [row] = await db.read.select().from(rooms).where(eq(rooms.id, id));
  return row;
}

/** The room with its numbers, as the database has it now. Throws `ROOM_NOT_FOUND`. */
export async function roomWithNumbers(ctx: Context, key: number): Promise<RoomRow> {
  const row = await roomByKey(ctx, ctx.db.read, key);
  if (!row) throw new AppError("ROOM_NOT_FOUND");
  return row;
}
