import { z } from "zod";
import { seen, user, type Seen } from "../../protocol/models.ts";
import type { Context } from "../context.ts";
import type { PresentPerson } from "../presence/person.ts";
import { eyesOf } from "../presence/eyes.ts";
import { sightedById } from "../presence/sighted.ts";
import { frame } from "./frames.ts";
import type { Hub } from "./hub.ts";
import type { Session } from "./session.ts";

/** Those who are told of the same people together are looked up together. */
const gatherMs = 20;
const tryAgainMs = 1_000;

const about = user.pick({ id: true }).extend(seen.shape);
/** What `relationship_changed` and `room_added` say of how the other one is. */
const tells = z.object({
  payload: z.union([
    z.object({ user: about }).transform((payload) => payload.user),
    z.object({ room: z.object({ peer: about }) }).transform((payload) => payload.room.peer),
  ]),
});

/** Of each socket, whom it was told of and how. */
type Told = Map<Session, Map<string, Seen>>;

/**
 * An event that brings somebody a friend or a partner says how these are, as it was when it was put into words: maybe on
 * another node that knew less, or before a `ready` that it had to wait for. Of changes from then on the socket hears, of
 * those before nobody would tell it: so once it hears, it is told what is not so any more.
 */
class ToldNear {
  #told: Told = new Map();

  constructor(
    private readonly ctx: Context,
    private readonly hub: Hub,
  ) {}

  /** Inside a step of the output: this was sent, and the socket hears of whom it names. */
  note(session: Session, text: string): void {
    const { id, ...how } = tells.parse(JSON.parse(text)).payload;
    this.#add(session, id, how, gatherMs);
  }

  #add(session: Session, id: string, how: Seen, inMs: number): void {
    const isFirst = this.#told.size === 0;
    const own = this.#told.get(session) ?? new Map<string, Seen>();
    this.#told.set(session, own.set(id, how));
    if (isFirst) this.ctx.clock.after(inMs, () => void this.#lookAll());
  }

  async #lookAll(): Promise<void> {
    const told = this.#told;
    this.#told = new Map();
    try {
      const persons = await sightedById(this.ctx, new Set(told.values().flatMap((own) => own.keys())));
      for (const [session, own] of told) await this.#look(session, own, persons);
    } catch (error) {
      this.ctx.log.warn("who is near to some is told later", { sockets: told.size, error });
      for (const [session, own] of told) {
        if (!this.hub.sessions.has(session)) continue;
        for (const [id, how] of own) this.#add(session, id, how, tryAgainMs);
      }
    }
  }

  async #look(session: Session, own: ReadonlyMap<string, Seen>, persons: readonly PresentPerson[]): Promise<void> {
    const { ctx, hub } = this;
    if (!session.viewer || !hub.sessions.has(session)) return;
    const eyes = await eyesOf(ctx, session.viewer);
    hub.egress.inTurn(() => {
      for (const person of persons) {
        const how = own.get(person.id);
        const now = eyes.presence(person);
        const isSo = !how || (now.status === how.status && now.last_seen_at === how.last_seen_at);
        if (!isSo) session.send(frame("user_status_changed", now, ctx.clock.now()));
      }
    });
  }
}

/** Begins to correct what sockets were told of those near to them. Call it before the first of them comes. */
export function startTellingNear(ctx: Context, hub: Hub): void {
  const near = new ToldNear(ctx, hub);
  hub.onNear = (session, text) => near.note(session, text);
}
