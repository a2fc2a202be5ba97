import type { SearchHit } from "../../protocol/models.ts";
import { uuidPattern } from "../../protocol/text.ts";
import { people } from "../accounts/people.ts";
import type { Actor, Context, Viewer } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { rooms, roomWithNumbers } from "../rooms/directory.ts";
import { visibleRoom } from "../rooms/policy.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { forViewer, type Personal, personalOfOne } from "../timeline/for-viewer.ts";
import { onReplica, type ReadFrom } from "../timeline/on-replica.ts";
import { findOnLibsql } from "./find-libsql.ts";
import { findOnPostgres } from "./find-postgres.ts";
import { highlight } from "./highlight.ts";
import { parseQuery, type SearchQuery } from "./query.ts";
import { keysAt, lastMessageKey, placeOf, roomsOf, type SearchedRoom } from "./store.ts";
import { senderToken } from "./tokens.ts";
import { scopeOf, type Finds, type Wanted } from "./wanted.ts";

interface SearchInput {
  q: string;
  /** The sender's id. */
  from?: string | undefined;
  /** A message id or a time. */
  before?: string | undefined;
  after?: string | undefined;
  limit: number;
}

interface SearchPage {
  hits: SearchHit[];
  hasMore: boolean;
  /** One goes on from here: the last hit, or where a long search without one was given up. */
  oldestId: string | null;
}

/** Finds looked at for one page; most show at once that they hold what was searched for. */
const looksMax = 2_000;
/** Messages may be so much older or newer than their neighbours say. */
const disorderMs = 60_000;

/** Searches one room that the viewer may see. Throws `ROOM_NOT_FOUND`, `MESSAGE_NOT_FOUND`, `VALIDATION_ERROR`. */
export async function searchRoom(
  ctx: Context,
  viewer: Viewer,
  roomId: string,
  input: SearchInput,
): Promise<SearchPage> {
  const query = parseQuery(input.q);
  const { key } = await visibleRoom(ctx, viewer, roomId);
  return search(ctx, viewer, [await roomWithNumbers(ctx, key)], query, input);
}

/** Searches all rooms of the actor, the lobby among them. Throws `MESSAGE_NOT_FOUND`, `VALIDATION_ERROR`. */
export async function searchMine(ctx: Context, actor: Actor, input: SearchInput): Promise<SearchPage> {
  const query = parseQuery(input.q);
  const lobby = await rooms(ctx).lobby();
  return search(ctx, actor, await roomsOf(ctx, actor.key, lobby.key), query, input);
}

async function search(
  ctx: Context,
  viewer: Viewer,
  among: readonly SearchedRoom[],
  { terms, tokens }: SearchQuery,
  input: SearchInput,
): Promise<SearchPage> {
  const stop = ctx.metrics.searchSeconds.startTimer();
  try {
    const personal = viewer && (await personalOfOne(ctx, viewer.key));
    const sender = input.from === undefined ? undefined : await people(ctx).byId(input.from);
    if (input.from !== undefined && !sender) return { hits: [], hasMore: false, oldestId: null };
    const tokensOf = sender ? [...tokens, senderToken(sender.key)] : tokens;
    return await onReplica(
      ctx,
      among.map(({ key }) => key),
      (from) => searchIn(ctx, from, personal, among, { terms, tokens: tokensOf }, input),
    );
  } finally {
    stop();
  }
}

async function searchIn(
  ctx: Context,
  from: ReadFrom,
  personal: Personal | null,
  among: readonly SearchedRoom[],
  { terms, tokens }: SearchQuery,
  input: SearchInput,
): Promise<SearchPage> {
  const lastKey = await lastMessageKey(from);
  const wanted: Wanted = {
    tokens,
    scope: scopeOf(among, lastKey),
    ...(await bounds(from, among, input, lastKey)),
  };
  const matches: { row: StoredMessage; parts: SearchHit["highlight"] }[] = [];
  let looks = 0;
  let oldest: StoredMessage | undefined;
  for await (const rows of finds(from, wanted, input.limit + 1)) {
    for (const row of rows) {
      oldest = row;
      looks++;
      if (!isShown(row, input) || personal?.hides(row)) continue;
      const parts = highlight(row.content, terms);
      if (!parts) continue;
      if (matches.length === input.limit) return await page(ctx, personal, among, matches, matches.at(-1)?.row);
      matches.push({ row, parts });
    }
    if (looks >= looksMax) return await page(ctx, personal, among, matches, oldest);
  }
  return page(ctx, personal, among, matches);
}

function finds(ctx: ReadFrom, wanted: Wanted, size: number): Finds {
  return ctx.db.dialect === "libsql" ? findOnLibsql(ctx, wanted, size) : findOnPostgres(ctx.db, wanted, size);
}

/** The index may know a message as it was before. */
function isShown({ deleted_at, recalled_at, created_at }: StoredMessage, { before, after }: SearchInput): boolean {
  if (deleted_at !== null || recalled_at !== null) return false;
  return created_at < (timeOf(before) ?? Infinity) && created_at >= (timeOf(after) ?? -Infinity);
}

/** `undefined` of a message id. */
function timeOf(point: string | undefined): number | undefined {
  return point === undefined || uuidPattern.test(point) ? undefined : Date.parse(point);
}

async function bounds(
  ctx: ReadFrom,
  among: readonly SearchedRoom[],
  { before, after }: SearchInput,
  lastKey: number,
): Promise<Pick<Wanted, "belowKey" | "fromKey">> {
  const keyOf = async (id: string) => {
    const place = await placeOf(ctx, id);
    if (!place || !among.some(({ key }) => key === place.roomKey)) throw new AppError("MESSAGE_NOT_FOUND");
    return place.key;
  };
  const beforeMs = timeOf(before);
  const afterMs = timeOf(after);
  const belowKey =
    beforeMs !== undefined
      ? (await keysAt(ctx, beforeMs + disorderMs, lastKey)).high
      : before === undefined
        ? lastKey + 1
        : await keyOf(before);
  const fromKey =
    afterMs !== undefined
      ? (await keysAt(ctx, afterMs - disorderMs, lastKey)).low
      : after === undefined
        ? 1
        : (await keyOf(after)) + 1;
  return { belowKey, fromKey };
}

/** `goOnFrom`: there may be more behind it. */
async function page(
  ctx: Context,
  personal: Personal | null,
  among: readonly SearchedRoom[],
  matches: readonly { row: StoredMessage; parts: SearchHit["highlight"] }[],
  goOnFrom?: StoredMessage,
): Promise<SearchPage> {
  const byRoom = Map.groupBy(matches, ({ row }) => row.room_key);
  const hits = new Map<string, SearchHit>();
  for (const { key, id } of among) {
    const found = byRoom.get(key) ?? [];
    const messages = await forViewer(
      ctx,
      personal,
      { key, id },
      found.map(({ row }) => row),
    );
    for (const [index, message] of messages.entries()) {
      if ("content" in message) hits.set(message.id, { ...message, highlight: found[index]?.parts ?? [] });
    }
  }
  const inOrder = matches.flatMap(({ row }) => hits.get(row.id) ?? []);
  return { hits: inOrder, hasMore: goOnFrom !== undefined, oldestId: (goOnFrom ?? matches.at(-1)?.row)?.id ?? null };
}
