import type { JoinedRoom, Room } from "../../protocol/models.ts";
import type { Context, Viewer } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { peerOf } from "./direct.ts";
import { roomWithNumbers } from "./directory.ts";
import { joinedPage } from "./joined.ts";
import { visibleRoom } from "./policy.ts";
import { roomsByName } from "./list-store.ts";
import { wireRoom, wireRooms } from "./wire.ts";

export interface ListRoomsInput {
  type: "public" | "private" | "joined";
  /** Part of the name. */
  search?: string | undefined;
  page: number;
  per_page: number;
}

interface RoomPage {
  rooms: Room[] | JoinedRoom[];
  total: number;
}

/**
 * A page of the public rooms or of one's private ones, by name, or of all that one has joined, the one with the latest
 * message first. A guest sees the public ones; else `UNAUTHENTICATED`.
 */
export async function listRooms(ctx: Context, viewer: Viewer, input: ListRoomsInput): Promise<RoomPage> {
  const { type, search = "" } = input;
  const slice = { limit: input.per_page, offset: (input.page - 1) * input.per_page };
  if (type === "public") {
    const { rows, total } = await roomsByName(ctx, { type }, search, slice);
    return { rooms: await wireRooms(ctx, rows), total };
  }
  if (!viewer) throw new AppError("UNAUTHENTICATED");
  if (type === "joined") return joinedPage(ctx, viewer, search, slice);
  const { rows, total } = await roomsByName(ctx, { type, userKey: viewer.key }, search, slice);
  return { rooms: await wireRooms(ctx, rows), total };
}

/** One room as everybody has it who sees it. Throws `ROOM_NOT_FOUND`. */
export async function readRoom(ctx: Context, viewer: Viewer, roomId: string): Promise<Room> {
  const entry = await visibleRoom(ctx, viewer, roomId);
  const peer = viewer && (await peerOf(ctx, entry, viewer.key));
  return { ...(await wireRoom(ctx, await roomWithNumbers(ctx, entry.key))), ...(peer && { peer }) };
}
