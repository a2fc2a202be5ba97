import { heartbeat } from "../../protocol/limits.ts";
import type { Presence } from "../../protocol/models.ts";
import { actorOfSession } from "../accounts/access-token.ts";
import { readEach, type Arriving } from "../accounts/me.ts";
import { blocksOf } from "../blocks/blocked.ts";
import type { Context } from "../context.ts";
import { relationsOf, type Relations } from "../friends/lists.ts";
import { unreadNotifications } from "../notifications/list.ts";
import { AppError } from "../platform/app-error.ts";
import { wireTime } from "../platform/clock.ts";
import { refusalOf } from "../platform/refusal.ts";
import { giveBackMemory, watchIdleness } from "../platform/spare-memory.ts";
import { nextTurn } from "../platform/turn.ts";
import type { PresentPerson } from "../presence/person.ts";
import { joinedRooms, type JoinedText } from "../rooms/joined.ts";
import { arrive, leaveOthers, type Near, partnersIn } from "./arrival.ts";
import { frame, frameOf } from "./frames.ts";
import type { Hub } from "./hub.ts";
import type { Session } from "./session.ts";

/** Sockets in one round, and rooms of theirs: together some milliseconds, then the event loop has its turn. */
const socketsPerRound = 32;
const roomsPerRound = 300;

/** So many without a pause are a rush; it is over when nobody has come for a while. */
const rushSockets = 500;
/**
 * After so many the collector takes what they needed for a moment, beside the event loop. Otherwise it waits until the heap
 * has doubled, and those who stay lie scattered over all of it: a block in which anything is left is never given back.
 */
const socketsPerCollection = 250;
const quietMs = 2_000;

/**
 * From `connected` to `ready`. Sockets that come together are made ready together, a round at a time: what a round reads
 * of the database costs a handful of queries, however many are in it.
 */
export class Opening {
  #waiting: Session[] = [];
  #isRunning = false;
  #size = socketsPerRound;
  #inRush = 0;
  #endRush = () => {};

  constructor(
    private readonly ctx: Context,
    private readonly hub: Hub,
  ) {
    ctx.onClose(() => this.#endRush());
  }

  /** Greets a socket that was upgraded, and makes it ready when its turn comes. */
  take(session: Session): void {
    const { viewer } = session;
    const connected = {
      user_id: viewer?.id ?? null,
      session_id: viewer?.sessionId ?? null,
      server_time: wireTime(this.ctx.clock.now()),
      epoch: this.ctx.epoch,
      heartbeat_s: heartbeat.pingEveryS,
    };
    // At once: nothing can have been sent before it, and so it shares the system call of the upgrade's answer.
    session.send(frame("connected", connected, this.ctx.clock.now()));
    this.#wait(session);
  }

  /** Gives a socket that has its `ready` another: what was told its person meanwhile may not have been heard. */
  again(session: Session): void {
    // From now on what is for its person alone waits until the new one is out, which may be older.
    if (session.viewer && this.hub.beginAnew(session)) this.#wait(session);
  }

  #wait(session: Session): void {
    this.#waiting.push(session);
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await nextTurn();
      const round = this.#waiting.splice(0, this.#size);
      this.#count(round.length);
      await this.#openAll(round.filter((session) => this.hub.sessions.has(session)));
    }
    this.#isRunning = false;
    this.#endRush();
    const isIdle = watchIdleness();
    this.#endRush = this.ctx.clock.after(quietMs, () => this.#tidy(isIdle()));
  }

  #count(came: number): void {
    const before = Math.floor(this.#inRush / socketsPerCollection);
    this.#inRush += came;
    if (Math.floor(this.#inRush / socketsPerCollection) > before) Bun.gc(false);
  }

  /**
   * Letting ten thousand in grows the heap by what was needed for a moment, and then nothing happens that would make the
   * collector look: 35 ms for 30 to 60 MB, and code that was compiled for them alone.
   */
  #tidy(isIdle: boolean): void {
    if (this.#isRunning) return;
    if (this.#inRush >= rushSockets) giveBackMemory({ isIdle });
    this.#inRush = 0;
  }

  /** Never rejects. What fails for one must not fail for the others: then each is tried by itself. */
  async #openAll(round: readonly Session[]): Promise<void> {
    if (round.length === 0) return;
    try {
      await this.#makeReady(round);
    } catch (error) {
      const [first] = round;
      if (first && round.length === 1) this.#refuse(first, error);
      else for (const session of round) await this.#openAll([session]);
    }
  }

  #refuse(session: Session, error: unknown): void {
    const { code } = refusalOf(error, this.ctx.log, { frame: "ready", socket: session.id });
    this.hub.closeAfterwards(session, code === "UNAUTHENTICATED" || code === "ACCOUNT_DISABLED" ? 4001 : 1011);
  }

  /** The sessions are in the hub already, so a revocation finds them; one that came just before is found here. */
  async #makeReady(round: readonly Session[]): Promise<void> {
    const { ctx, hub } = this;
    await Promise.all(round.map(({ viewer }) => viewer && actorOfSession(ctx, viewer.id, viewer.sessionId)));
    const keys = [...new Set(round.flatMap(({ viewer }) => viewer?.key ?? []))];
    const held = hub.recent.hold();
    try {
      // What is told these people after the reads below must be heard here.
      await hub.interest.heard(round.flatMap(({ viewer }) => viewer?.id ?? []));
      await hub.hiddenAuthors.learn(
        ctx,
        round.flatMap(({ viewer }) => viewer ?? []),
      );
      const [people, rooms, unread, relations] = keys.length === 0 ? nobody : await this.#read(keys);
      const partners = await partnersIn(ctx, [...rooms.values()].flat());
      const blocks = await blocksOf(ctx, keys);
      const ready = round.map((session): Ready => {
        const { viewer } = session;
        if (!viewer) return { session, rooms: [], unread: 0 };
        const person = people.get(viewer.key);
        if (!person) throw new AppError("UNAUTHENTICATED");
        const own = relations.get(viewer.key);
        const joined = rooms.get(viewer.key) ?? [];
        const near = {
          friends: own?.friends ?? [],
          partners: joined.flatMap((room) => partnerIn(room, partners)),
          blocks: blocks.get(viewer.key),
        };
        return {
          session,
          person: { ...person, near, relations: own?.relations },
          rooms: joined,
          unread: unread.get(viewer.key) ?? 0,
        };
      });
      const roomsEach = ready.reduce((sum, { rooms }) => sum + rooms.length, 0) / ready.length;
      this.#size = Math.max(1, Math.min(socketsPerRound, Math.floor(roomsPerRound / Math.max(1, roomsEach))));
      for (const each of ready) hub.egress.inTurn(() => this.#enter(each, held.from));
      hub.egress.inTurn(held.release);
    } catch (error) {
      held.release();
      throw error;
    }
  }

  async #read(keys: readonly number[]) {
    const { ctx } = this;
    return [
      await readEach(ctx, keys),
      await joinedRooms(ctx, keys),
      await unreadNotifications(ctx, keys),
      await relationsOf(ctx, keys),
    ] as const;
  }

  #enter(ready: Ready, from: number): void {
    const { ctx, hub } = this;
    const { session, person, rooms } = ready;
    const presence = person ? arrive(ctx, hub, session, person.present, person.near) : [];
    const revs = new Map(rooms.map(({ id, rev }) => [id, rev]));
    leaveOthers(hub, session, revs);
    hub.enter(session, revs, frameOf("ready", readyText(ready, presence), ctx.clock.now()), from);
    hub.becomeReady(session);
  }
}

/** A socket of which all is read that its `ready` says. Without a person: a guest's. */
interface Ready {
  session: Session;
  person?: Arriving & { near: Near; relations: Relations | undefined };
  rooms: JoinedText[];
  unread: number;
}

const nobody = [
  new Map<number, Arriving>(),
  new Map<number, JoinedText[]>(),
  new Map<number, number>(),
  new Map<number, never>(),
] as const;
function partnerIn({ id: roomId, peerKey }: JoinedText, partners: ReadonlyMap<number, PresentPerson>) {
  const person = peerKey === undefined ? undefined : partners.get(peerKey);
  return person ? [{ roomId, person }] : [];
}

const noRelations = membersOf({ friends: [], friend_requests: [], blocks: [] });

function membersOf(relations: Relations): string {
  return JSON.stringify(relations).slice(1, -1);
}

/** JSON of `ready`'s payload: the rooms are texts already, most of each shared by all who are in it. */
function readyText({ person, rooms, unread }: Ready, presence: readonly Presence[]): string {
  const list = rooms.map(({ text }) => text).join(",");
  const own = person?.relations ? membersOf(person.relations) : noRelations;
  return `{"user":${JSON.stringify(person?.me ?? null)},"rooms":[${list}],${own},"presence":${JSON.stringify(presence)},"unread_notifications":${unread}}`;
}
