import { people } from "../accounts/people.ts";
import type { Context } from "../context.ts";
import { nextTurn } from "../platform/turn.ts";
import type { Personal } from "../timeline/for-viewer.ts";
import { countUnreadMentions, mentionsIn } from "../timeline/mention-tails.ts";
import type { RoomCard } from "./cards.ts";

/** Where memory does not tell what is unread, the database is asked so often before others have their turn. */
const countsPerTurn = 20;

/** Somebody who has yet to read something in a room. */
interface Behind {
  userKey: number;
  own: { card: RoomCard; readSeq: number; mentions: number };
}

/** Sets `mentions`: from what the rooms' cards have, and from the database where that is too short. */
export async function countMentions(
  ctx: Context,
  behind: readonly Behind[],
  personal: ReadonlyMap<number, Personal>,
): Promise<void> {
  const named = behind.filter(({ own }) => own.card.mentions?.entries.length !== 0);
  if (named.length === 0) return;
  const persons = await people(ctx).byKeys(named.map(({ userKey }) => userKey));
  let asked = 0;
  for (const { userKey, own } of named) {
    const userId = persons.get(userKey)?.id;
    if (userId === undefined) continue;
    const { key: roomKey, lastSeq, mentions } = own.card;
    const reader = { roomKey, userKey, userId, readSeq: own.readSeq, lastSeq, personal: personal.get(userKey) };
    const counted = mentions && mentionsIn(mentions, reader);
    if (counted === undefined && ++asked % countsPerTurn === 0) await nextTurn();
    own.mentions = counted ?? (await countUnreadMentions(ctx, reader));
  }
}
