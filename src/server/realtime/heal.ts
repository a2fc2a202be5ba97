import type { Context } from "../context.ts";
import type { BusState } from "../platform/bus/bus.ts";
import { Bulletin, rememberedMs, writeEveryMs } from "./bulletin.ts";
import { PeopleHealer } from "./heal-people.ts";
import { RoomHealer } from "./heal-rooms.ts";
import type { Hub } from "./hub.ts";
import type { Opening } from "./opening.ts";
import type { Session } from "./session.ts";
import { Trouble } from "./trouble.ts";

/** Whether somebody is cut off from the bridge is asked so often, and then what cannot be heard (G6). */
const lookEveryMs = 400;
/** A look that took long, as with ten thousand rooms or a slow database, is followed by a rest from its beginning (G5). */
const rest = { times: 4, mostMs: 1_000 };
/** So often everything that is remembered is forgotten, not only rights. */
const forgetEveryMs = 2_000;
/** … and all are looked at, not only those whom others say that they told something: they may have died before that. */
const allEveryMs = 15_000;
const untoldAgainMs = 1_000;
/** When it is over everybody gets their `ready` anew, no oftener than this: it costs as much as if all had come again. */
const anewEveryMs = 20_000;
/** Of ten thousand sockets the last is told after 16 s. */
const anewAtOnce = 32;
const anewPauseMs = 50;
/** Rooms that this node has just begun to hear are compared together. */
const gatherMs = 20;

/**
 * Gives the sockets of this node, from the database, what other nodes have told and was not heard here: changes of a room
 * that stayed away, everything since the bridge was lost, and what happened while this node had only begun to listen.
 */
class Healer {
  readonly #rooms: RoomHealer;
  readonly #people: PeopleHealer;
  readonly #trouble: Trouble;
  readonly #bulletin: Bulletin;
  /** Rooms that are heard since a moment ago. */
  #begun = new Set<string>();
  /** Something may have been lost that no look has made up for yet. */
  #isBehind = false;
  /** Whether this node itself heard nothing. */
  #wasAway = false;
  /** Sockets that are to get their `ready` anew. */
  readonly #toTell = new Set<Session>();
  /** Whether the last look has made up for everything. */
  #isHealed = true;
  /** When everybody last got their `ready` anew. */
  #anewAt = -Infinity;
  /** Whether a look since the trouble began was for more than a silence. */
  #isGrave = false;
  /** Whether another node was cut off at the last look. */
  #isTroubleElsewhere = false;
  /** When the last look began, and how long the next is to wait from then. */
  #lookedAt = -Infinity;
  #restMs = 0;
  #forgotAt = -Infinity;
  /** When all were last looked at. */
  #allAt = -Infinity;

  constructor(
    private readonly ctx: Context,
    private readonly hub: Hub,
    private readonly opening: Pick<Opening, "again">,
  ) {
    this.#rooms = new RoomHealer(ctx, hub);
    this.#people = new PeopleHealer(ctx, hub, this.#rooms);
    this.#trouble = new Trouble(ctx);
    this.#bulletin = new Bulletin(ctx);
  }

  start(): void {
    const { ctx, hub } = this;
    hub.order.onHole = (roomId, upTo) => void this.#rooms.fill(roomId, upTo);
    ctx.onClose(async () => {
      hub.order.onHole = undefined;
      await this.#rooms.idle();
    });
    if (ctx.db.dialect === "postgres") ctx.db.onUntold = () => void this.#tellUntold();
    if (!ctx.bus.mayHaveOthers) return;
    hub.interest.onLive = (roomId) => this.#live(roomId);
    hub.interest.onMissed = (userId) => this.#tellAnew(hub.of(userId));
    ctx.onClose(ctx.bus.onState((state) => this.#hear(state)));
    ctx.onClose(ctx.bus.onSilence(() => this.#lookNow()));
    ctx.onClose(ctx.clock.every(lookEveryMs, () => this.#distrust()));
    ctx.jobs.every("look for what was not heard", lookEveryMs, () => this.#look());
    hub.onTold = (name) => this.#bulletin.note(name);
    ctx.jobs.every("tell other nodes by the database", writeEveryMs, () => this.#bulletin.write());
    ctx.onClose(ctx.clock.every(rememberedMs, () => this.#bulletin.age()));
  }

  #lookNow(): void {
    this.#distrust();
    void this.ctx.jobs.run("look for what was not heard", () => this.#look());
  }

  /**
   * What is remembered of rights was right when it was read, and nobody tells when it is not any more. By a timer of its
   * own: it must not wait for a look, nor that for the database.
   */
  #distrust(): void {
    const { bus, caches } = this.ctx;
    const isHeard = bus.state === "connected" && !bus.isSilent && !this.#isTroubleElsewhere;
    if (!isHeard) caches.clear({ rightsOnly: true });
  }

  #hear(state: BusState): void {
    if (state === "alone") return;
    this.#wasAway ||= state === "away";
    this.#isBehind = true;
    this.#lookNow();
  }

  #live(roomId: string | undefined): void {
    if (roomId === undefined) {
      this.#isBehind = true;
      return;
    }
    this.#begun.add(roomId);
    if (this.#begun.size > 1) return;
    this.ctx.clock.after(gatherMs, () => void this.#lookIntoBegun());
  }

  async #lookIntoBegun(): Promise<void> {
    const begun = [...this.#begun];
    this.#begun = new Set();
    try {
      await this.#rooms.compare(begun);
    } catch (error) {
      this.ctx.log.warn("rooms just begun could not be compared with the database", { rooms: begun.length, error });
      this.#isBehind = true;
    }
  }

  async #look(): Promise<void> {
    const { bus, clock } = this.ctx;
    const isAway = bus.state === "away";
    // Also when it is over: what this node has published may be lost as well as what it should have heard.
    if (isAway || this.#isBehind) await this.#trouble.tell("away");
    else if (bus.isSilent) await this.#trouble.tell("silent");
    const { graveness: trouble, hasUntold } = await this.#trouble.look();
    // As if this node had been cut off: of what nobody was told, nobody knows whom it concerns.
    if (hasUntold) this.#isBehind = this.#wasAway = true;
    this.#isTroubleElsewhere = trouble !== undefined;
    const isGrave = isAway || this.#isBehind || trouble === "away";
    if (!isGrave && !bus.isSilent && trouble === undefined) {
      if (this.#isGrave) await this.#end();
      else await this.#bulletin.end();
      return;
    }
    const beganAt = clock.now();
    if (!this.#isBehind && apart(beganAt, this.#lookedAt) < this.#restMs) return;
    const isFirst = this.#bulletin.begin() || (isGrave && !this.#isGrave);
    const ofAll = this.#isBehind || isFirst || apart(beganAt, this.#allAt) >= allEveryMs;
    this.#lookedAt = beganAt;
    this.#isBehind = false;
    if (isGrave) this.#isHealed = false;
    this.#isGrave ||= isGrave;
    if (ofAll) this.#allAt = beganAt;
    try {
      // To people it is not looked in a mere silence: what is silent comes late, or it is grave soon.
      await this.#heal({ ofAll, ofPeople: isGrave });
    } catch (error) {
      this.#isBehind = true;
      throw error;
    } finally {
      this.#restMs = Math.min(rest.times * apart(clock.now(), beganAt), rest.mostMs);
    }
  }

  /** The trouble is over. What others could not tell people of this node they say themselves. */
  async #end(): Promise<void> {
    const { ctx, hub } = this;
    if (!this.#isHealed) await this.#heal({ ofAll: true, ofPeople: true });
    this.#isHealed = true;
    await this.#bulletin.end();
    if (this.#wasAway) {
      // Where the bridge comes and goes, nobody is told everything all the time.
      if (apart(ctx.clock.now(), this.#anewAt) < anewEveryMs) return;
      this.#anewAt = ctx.clock.now();
      this.#wasAway = false;
      this.#tellAnew(hub.sessions);
    }
    this.#people.forget();
    this.#isGrave = false;
  }

  /**
   * A change was stored that its verb did not learn of: caches hold what was before, and nobody knows whom it concerns. So
   * everybody on every node is told anew, as soon as the database can be asked.
   */
  async #tellUntold(): Promise<void> {
    const { ctx, hub } = this;
    try {
      if (ctx.bus.mayHaveOthers) await this.#trouble.tellUntold();
      else {
        await this.#heal({ ofAll: true, ofPeople: true });
        this.#tellAnew(hub.sessions);
      }
    } catch (error) {
      ctx.log.warn("what nobody was told of could not be told yet", { error });
      ctx.clock.after(untoldAgainMs, () => void this.#tellUntold());
    }
  }

  /** A few at a time: who comes now does not wait behind them. */
  #tellAnew(sessions: Iterable<Session>): void {
    const isUnderWay = this.#toTell.size > 0;
    for (const session of sessions) this.#toTell.add(session);
    if (!isUnderWay) this.#tellSome();
  }

  #tellSome(): void {
    const some = [...this.#toTell.values().take(anewAtOnce)];
    for (const session of some) {
      this.#toTell.delete(session);
      this.opening.again(session);
    }
    if (this.#toTell.size > 0) this.ctx.clock.after(anewPauseMs, () => this.#tellSome());
  }

  /** What was told all rooms here, and with `ofPeople` all people; or those that others name. */
  async #heal({ ofAll, ofPeople }: { ofAll: boolean; ofPeople: boolean }): Promise<void> {
    const { metrics, caches, clock } = this.ctx;
    metrics.bridgePolls.inc();
    this.#people.keepBlocks();
    const forgets = ofAll || apart(clock.now(), this.#forgotAt) >= forgetEveryMs;
    if (forgets) this.#forgotAt = clock.now();
    caches.clear({ rightsOnly: !forgets });
    // First: what is read below must not be shown to whom it is hidden from by now.
    await this.#people.learnBlocks();
    const named = await this.#bulletin.read();
    const among = ofAll ? undefined : named;
    await this.#rooms.compareAll(among?.rooms);
    if (ofPeople) await this.#people.compare(among?.people);
  }
}

/** Also of a clock that was set back it tells that much has passed. */
function apart(nowMs: number, thenMs: number): number {
  return Math.abs(nowMs - thenMs);
}

/** Begins to bring this node's sockets what it does not hear. Call it before the first of them comes. */
export function startHealing(ctx: Context, hub: Hub, opening: Pick<Opening, "again">): void {
  new Healer(ctx, hub, opening).start();
}
