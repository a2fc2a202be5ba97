import { perContext, type Context } from "../context.ts";
import { type Choice, ChoicesTold, isSame } from "./choices.ts";
import { LastSeen } from "./last-seen.ts";
import { Nodes, type PersonRecord } from "./nodes.ts";
import { Present, type PresentPerson } from "./person.ts";
import { SocketLimit } from "./socket-limit.ts";
import { Telling } from "./telling.ts";

/** Whose last socket went is taken for gone after this: a reload or a tunnel is no farewell. */
export const graceMs = 10_000;
/** Who was seen up to this long before the server's start, and comes within as much after it, was here all along. */
const restartMs = 60_000;

/**
 * Who is connected, on all nodes together: derived from their sockets, kept in memory alone, and so gone with a process
 * that dies. Each node tells its own watchers, from what it knows of all.
 */
export class Presence {
  readonly #present = new Map<number, Present>();
  readonly lastSeen: LastSeen;
  readonly telling: Telling;
  readonly #nodes: Nodes;
  readonly #socketLimit: SocketLimit;
  readonly #choices: ChoicesTold;
  /** Whose last socket here went, the earliest first. */
  readonly #leaving = new Set<Present>();
  #isGraceTimed = false;
  #cancelGrace = () => {};
  readonly #startedAt: number;
  #visible = 0;

  constructor(private readonly ctx: Context) {
    this.#startedAt = ctx.clock.now();
    this.lastSeen = new LastSeen(ctx);
    this.telling = new Telling(ctx, (present) => this.#drop(present));
    this.#choices = new ChoicesTold(ctx, (userKey, choice) => this.#correct(userKey, choice));
    this.#nodes = new Nodes(ctx, {
      everybody: () => this.#present.values(),
      hear: (nodeId, record) => this.#hear(nodeId, record),
      lose: (nodeId, keys, at) => this.#lose(nodeId, keys, at),
      learn: (nodeId, userKey, choice) => this.#learn(userKey, choice, nodeId),
      missed: () => this.#choices.doubtAll(() => this.#present.keys()),
      settled: (nodeId) => this.#socketLimit.settled(nodeId),
    });
    this.#socketLimit = new SocketLimit(ctx, {
      get: (userKey) => this.#present.get(userKey),
      ask: (nodeId) => this.#nodes.ask(nodeId),
      isThere: (nodeId) => this.#nodes.has(nodeId),
    });
  }

  /** Joins the other nodes. */
  start(): void {
    this.#nodes.start();
  }

  /** The nodes that are heard of. */
  otherNodes(): Iterable<string> {
    return this.#nodes.others();
  }

  get(userKey: number): Present | undefined {
    return this.#present.get(userKey);
  }

  /** Everybody whom others see. */
  *visible(): Generator<Present> {
    for (const present of this.#present.values()) if (present.wasVisible) yield present;
  }

  /** How many of them there are. */
  get visibleCount(): number {
    return this.#visible;
  }

  /** A socket of theirs is ready; gives when that was. */
  came(person: PresentPerson): number {
    const present = this.#known(person) ?? this.#add(person);
    present.grace = undefined;
    this.#leaving.delete(present);
    present.sockets++;
    const at = this.ctx.clock.now();
    if (this.ctx.bus.mayHaveOthers) (present.opened ??= []).push(at);
    this.#changedHere(present);
    this.#socketLimit.look(present);
    return at;
  }

  /** A socket that came, at `cameAt`, is gone. `isFarewell`: they meant it, so nobody waits for them. */
  went(
    userKey: number,
    { wasIdle, isFarewell, cameAt }: { wasIdle: boolean; isFarewell: boolean; cameAt: number },
  ): void {
    const present = this.#present.get(userKey);
    if (!present || present.sockets === 0) return;
    const { here } = present;
    present.sockets--;
    const place = present.opened?.indexOf(cameAt) ?? -1;
    if (place >= 0) present.opened?.splice(place, 1);
    if (wasIdle) present.idleSockets--;
    if (present.sockets === 0 && here !== undefined && !isFarewell) {
      present.grace = { since: this.ctx.clock.now(), as: here };
      this.#leaving.add(present);
      this.#awaitGrace();
      // They are there still, but with no socket.
      this.#nodes.changed(present);
      return;
    }
    this.#changedHere(present);
  }

  /** Nobody is at one of their sockets any more, or somebody is back. */
  idle(userKey: number, isIdle: boolean): void {
    const present = this.#present.get(userKey);
    if (!present) return;
    present.idleSockets += isIdle ? 1 : -1;
    this.#changedHere(present);
  }

  /** They have chosen another status or another privacy: call it right after the commit. */
  choose(userKey: number, choice: Choice): void {
    this.#learn(userKey, choice, this.ctx.bus.nodeId);
    this.#nodes.tellChoice(userKey, choice);
  }

  /** The server ends: everybody who is seen here was seen until now. */
  stop(): void {
    this.#cancelGrace();
    this.telling.stop();
    this.#choices.stop();
    const now = this.ctx.clock.now();
    for (const { key, here, grace } of this.visible()) if (here) this.lastSeen.note(key, grace?.since ?? now);
  }

  /** Somebody who is there already. What is said of their choice may be older than what is held, or newer. */
  #known(person: Choice & { key: number }): Present | undefined {
    const present = this.#present.get(person.key);
    if (present && !isSame(present, person)) this.#choices.doubt([person.key]);
    return present;
  }

  #add(person: PresentPerson): Present {
    const told = this.#choices.get(person.key) ?? person;
    const { chosen, showsLastSeen } = told;
    if (!isSame(told, person)) this.#choices.doubt([person.key]);
    const present = new Present({ ...person, chosen, showsLastSeen });
    present.lastSeenAt = this.lastSeen.latest(person.key, person.lastSeenAt);
    this.#present.set(person.key, present);
    return present;
  }

  #changedHere(present: Present): void {
    this.#nodes.changed(present);
    this.#settle(present, { at: this.ctx.clock.now(), isHere: true });
  }

  #learn(userKey: number, choice: Choice, from: string): void {
    this.#choices.take(userKey, choice, from);
    const present = this.#present.get(userKey);
    if (present) this.#choose(present, choice, from === this.ctx.bus.nodeId);
  }

  /** What others hold of somebody who is here they have from this node. */
  #correct(userKey: number, choice: Choice): void {
    const present = this.#present.get(userKey);
    if (!present || isSame(present, choice)) return;
    if (present.here) this.#nodes.changed(present);
    this.#choose(present, choice, false);
  }

  #choose(present: Present, { chosen, showsLastSeen }: Choice, isHere: boolean): void {
    const isOther = present.showsLastSeen !== showsLastSeen;
    present.chosen = chosen;
    present.showsLastSeen = showsLastSeen;
    // What watchers know of somebody invisible is when they were seen last.
    if (isOther && present.status === "offline") present.wasLookedAt = true;
    this.#settle(present, { at: this.ctx.clock.now(), isHere });
  }

  #hear(nodeId: string, record: PersonRecord): void {
    const { key, id, activity, sockets, chosen, shows_last_seen, last_seen_at } = record;
    const person = { key, id, chosen, showsLastSeen: shows_last_seen, lastSeenAt: last_seen_at };
    const present = this.#known(person) ?? (activity && this.#add(person));
    if (last_seen_at !== null) this.lastSeen.learn(key, last_seen_at);
    if (!present) return;
    if (activity) (present.elsewhere ??= new Map()).set(nodeId, { activity, sockets });
    else if (!present.elsewhere?.delete(nodeId)) return;
    this.#settle(present, { at: last_seen_at ?? this.ctx.clock.now(), isHere: false });
    this.#socketLimit.look(present);
  }

  #lose(nodeId: string, keys: Iterable<number>, at: number): void {
    for (const key of keys) {
      const present = this.#present.get(key);
      if (!present?.elsewhere?.delete(nodeId)) continue;
      // Nobody else is left to write it.
      if (present.status === "offline" && present.wasVisible) this.lastSeen.note(key, at);
      this.#settle(present, { at, isHere: false });
    }
  }

  /** What follows from a change; `at`: when they were here last. */
  #settle(present: Present, { at, isHere }: { at: number; isHere: boolean }): void {
    const isVisible = present.status !== "offline";
    if (isVisible !== present.wasVisible) {
      present.wasVisible = isVisible;
      this.#visible += isVisible ? 1 : -1;
      if (!isVisible) present.lastSeenAt = Math.max(at, present.lastSeenAt ?? at);
      if (isHere) this.lastSeen.note(present.key, at);
      else if (!isVisible) this.lastSeen.learn(present.key, at);
      // Without the bridge nobody knows who was on another node all along.
      const isNews = this.ctx.bus.state !== "away" && !this.#isReturning(present);
      if (isVisible && isHere && isNews) {
        this.ctx.happenings.emit("came_online", { userKey: present.key, userId: present.id });
      }
    }
    if (!this.telling.touch(present)) this.#drop(present);
  }

  #isReturning({ lastSeenAt }: Present): boolean {
    if (lastSeenAt === null || this.ctx.clock.now() > this.#startedAt + restartMs) return false;
    return lastSeenAt > this.#startedAt - restartMs && lastSeenAt <= this.#startedAt;
  }

  #drop(present: Present): void {
    if (present.activity === undefined && this.#present.get(present.key) === present) this.#present.delete(present.key);
  }

  #awaitGrace(): void {
    const [next] = this.#leaving;
    if (this.#isGraceTimed || !next?.grace) return;
    this.#isGraceTimed = true;
    this.#cancelGrace = this.ctx.clock.after(Math.max(0, next.grace.since + graceMs - this.ctx.clock.now()), () => {
      this.#isGraceTimed = false;
      this.#endGrace();
      this.#awaitGrace();
    });
  }

  #endGrace(): void {
    const due = this.ctx.clock.now() - graceMs;
    for (const present of this.#leaving) {
      const { grace } = present;
      if (grace && grace.since > due) return;
      this.#leaving.delete(present);
      if (!grace) continue;
      present.grace = undefined;
      this.#nodes.changed(present);
      this.#settle(present, { at: grace.since, isHere: true });
    }
  }
}

/** The presence of this context. */
export const presence = perContext((ctx) => new Presence(ctx));
