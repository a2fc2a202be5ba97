import { perContext, type Context } from "../context.ts";
import { countAccounts } from "./list-store.ts";
import { findLobby, insertRoom } from "./store.ts";

const lobbyName = "Lobby";
/** No room has this key; its lock orders two servers that make the lobby at once. */
const noRoom = 0;

/** Makes the public room whose members are all accounts, unless it is there. Harmless at every start, also at two at once. */
export async function ensureLobby(ctx: Context): Promise<void> {
  if (await findLobby(ctx)) return;
  const isNew = await ctx.db.write(async (tx) => {
    await ctx.db.lockRooms(tx, [noRoom]);
    if (await findLobby(ctx, tx)) return false;
    await insertRoom(ctx, tx, {
      type: "public",
      is_lobby: true,
      name: lobbyName,
      description: "",
      max_members: null,
    });
    return true;
  });
  if (isNew) ctx.log.info("the lobby was made");
}

/** Counting walks over all accounts; it may take a hundredth of the time. */
const rememberedFor = 100;

const counts = perContext(() => ({ value: 0, until: 0, counting: undefined as Promise<number> | undefined }));

/** How many people are in the lobby: all enabled accounts. Behind by milliseconds in a small house, by seconds in a huge one. */
export async function accountCount(ctx: Context): Promise<number> {
  const counted = counts(ctx);
  const began = performance.now();
  if (began < counted.until) return counted.value;
  counted.counting ??= countAccounts(ctx)
    .then((value) => {
      const now = performance.now();
      return Object.assign(counted, { value, until: now + (now - began) * rememberedFor }).value;
    })
    .finally(() => (counted.counting = undefined));
  return counted.counting;
}
