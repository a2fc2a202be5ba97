import { people, type Person } from "../accounts/people.ts";
import { perContext, type Context } from "../context.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import { nextTurn } from "../platform/turn.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { strangersReactions } from "../timeline/reactions.ts";
import { type MentionTail, readMentionTails } from "../timeline/mention-tails.ts";
import { quotedBy, type Quoted } from "../timeline/quotations.ts";
import { readTails, type Tail } from "../timeline/unread.ts";
import { namedIn, wireMessages } from "../timeline/wire.ts";
import { roomsWithLast, type RoomWithLast } from "./list-store.ts";
import { accountCount } from "./lobby.ts";
import { wireRooms } from "./wire.ts";

/**
 * A room as all its members have it in their lists, at one `rev`: with its last message, as the text that goes over the
 * wire. Made once for all of them; whatever is durable in it cannot change without a new `rev`.
 */
export interface RoomCard {
  readonly key: number;
  readonly id: string;
  readonly rev: number;
  readonly lastSeq: number;
  readonly nameLower: string;
  /** Of a direct room: whose it is. */
  readonly direct_pair: string | null;
  /** When the last message came, or the room was made: what one's list is sorted by. */
  readonly activeAtMs: number;
  /** JSON of the protocol's `joinedRoom` but for `last_message` and what is one's own, and without its end. */
  readonly text: string;
  readonly last: StoredMessage | null;
  /** What it quotes. */
  readonly quoted: Quoted;
  /** JSON of `last_message`, as everybody sees it from whom it is not hidden. */
  readonly lastText: string;
  /** Whose names are in it: it holds as long as they are known by these very objects. */
  readonly persons: readonly Person[];
  /** In the lobby: how many accounts there are. */
  readonly accounts: number | undefined;
  /** Read when somebody is behind. */
  tail?: Tail;
  /** Read with it. */
  mentions?: MentionTail;
}

/** Remembered at once (G7): about 1.5 KB each, 15 KB at the most. */
const cardsMax = 4_000;
/** After each of these many the event loop has its turn. */
const cardsPerQuery = 50;
const tailsPerQuery = 32;
const forgetEveryMs = 60_000;

class RoomCards {
  #cards = new RecentMap<number, RoomCard>(cardsMax);

  constructor(private readonly ctx: Context) {}

  /**
   * The rooms' cards, none older than the `rev` asked for: that was just read in the database, on whatever node the
   * change was made. A room that is gone is missing.
   */
  async of(wanted: ReadonlyMap<number, number>): Promise<Map<number, RoomCard>> {
    const accounts = await accountCount(this.ctx);
    const found = new Map<number, RoomCard>();
    const missing: number[] = [];
    for (const [key, rev] of wanted) {
      const card = this.#cards.get(key);
      if (card && card.rev >= rev && this.#holds(card, accounts)) found.set(key, card);
      else missing.push(key);
    }
    for (let at = 0; at < missing.length; at += cardsPerQuery) {
      if (at > 0) await nextTurn();
      for (const card of await this.#make(missing.slice(at, at + cardsPerQuery))) {
        found.set(card.key, card);
        if (card.rev >= (this.#cards.get(card.key)?.rev ?? 0)) this.#cards.set(card.key, card);
      }
    }
    return found;
  }

  /** Reads the tails that these cards do not have yet. */
  async readTails(cards: Iterable<RoomCard>): Promise<void> {
    const without = [...new Set(cards)].filter(({ tail }) => tail === undefined);
    for (let at = 0; at < without.length; at += tailsPerQuery) {
      if (at > 0) await nextTurn();
      const part = without.slice(at, at + tailsPerQuery);
      const tails = await readTails(
        this.ctx,
        part.map(({ key }) => key),
      );
      const mentions = await readMentionTails(
        this.ctx,
        part.map(({ key }) => key),
      );
      for (const card of part) {
        const tail = tails.get(card.key);
        if (tail) card.tail = tail;
        const mentioning = mentions.get(card.key);
        if (mentioning) card.mentions = mentioning;
      }
    }
  }

  forgetUnused(): void {
    this.#cards.forgetUnused();
  }

  #holds({ persons, accounts }: RoomCard, accountsNow: number): boolean {
    const known = people(this.ctx);
    const isCounted = accounts === undefined || accounts === accountsNow;
    return isCounted && persons.every((person) => known.knownByKey(person.key) === person);
  }

  async #make(keys: readonly number[]): Promise<RoomCard[]> {
    const rows = await roomsWithLast(this.ctx, keys);
    // Noted before the text is made: should somebody be renamed meanwhile, the card does not hold.
    const quoted = await quotedBy(
      this.ctx,
      rows.flatMap(({ last }) => last ?? []),
    );
    const persons = await people(this.ctx).byKeys(rows.flatMap((row) => personsIn(row, quoted)));
    const accounts = await accountCount(this.ctx);
    const wire = await wireRooms(
      this.ctx,
      rows.map(({ room }) => room),
    );
    const lasts = await Promise.all(
      rows.map(({ room, last }) => (last ? wireMessages(this.ctx, room.id, [last], quoted) : undefined)),
    );
    return rows.map((row, index): RoomCard => {
      const { room, last } = row;
      const lastWire = lasts[index]?.[0];
      const text = JSON.stringify(wire[index]);
      return {
        key: room.key,
        id: room.id,
        rev: room.rev,
        lastSeq: room.last_seq,
        nameLower: room.name_lower,
        direct_pair: room.direct_pair,
        activeAtMs: last?.created_at ?? room.created_at,
        text: text.slice(0, -1),
        last,
        quoted: quotedAlone(last, quoted),
        lastText: JSON.stringify(lastWire ? { ...lastWire, reactions: strangersReactions(lastWire.reactions) } : null),
        persons: personsIn(row, quoted).flatMap((key) => persons.get(key) ?? []),
        accounts: room.is_lobby ? accounts : undefined,
      };
    });
  }
}

/** Of what the last messages of many rooms quote, what this one does: a card keeps no more. */
function quotedAlone(last: StoredMessage | null, quoted: Quoted): Quoted {
  const quotes = last?.reply_to_id ? quoted.get(last.reply_to_id) : undefined;
  return quotes ? new Map([[quotes.id, quotes]]) : nothing;
}

/** Whom a card names. */
function personsIn({ room, last }: RoomWithLast, quoted: Quoted): number[] {
  const quotes = last?.reply_to_id ? quoted.get(last.reply_to_id) : undefined;
  const keys = [room.owner_key, room.created_by_key, ...(last ? namedIn(last) : []), quotes?.sender_key ?? null];
  return [...new Set(keys.filter((key) => key !== null))];
}

/** What most last messages quote. */
const nothing: Quoted = new Map();

/** The cards of this context; what nobody asked for in the last minute or two is forgotten. */
export const roomCards = perContext((ctx) => {
  const cards = new RoomCards(ctx);
  ctx.jobs.every("forget room cards", forgetEveryMs, async () => cards.forgetUnused());
  return cards;
});
