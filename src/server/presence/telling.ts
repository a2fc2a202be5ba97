import { blocksOfOne, knownBlocks, type Blocks } from "../blocks/blocked.ts";
import type { Context } from "../context.ts";
import { wireTimeOrNull } from "../platform/clock.ts";
import type { Present } from "./person.ts";

/** A person's watchers hear of them at most this often. */
export const tellEveryMs = 1_000;

/** Tells those who watch a person here that they have changed: only them, only what is new, and not at every step. */
export class Telling {
  /** What they are has yet to be told. */
  readonly #due = new Set<Present>();
  /** Of these, for whom it is being asked who may not hear of them. */
  readonly #asking = new Set<Present>();
  #isTimed = false;
  stop: () => void = () => {};

  constructor(
    private readonly ctx: Context,
    /** Called when what was waiting is told. */
    private readonly onTold: (present: Present) => void,
  ) {}

  /** They may have changed; gives whether something of them has yet to be told. */
  touch(present: Present): boolean {
    if (!this.ctx.publish.isWatched(present.id)) {
      present.told = present.status;
      present.wasLookedAt = false;
      this.#due.delete(present);
      return false;
    }
    if (this.#due.has(present)) return true;
    if (!this.#isNews(present)) return false;
    if (this.ctx.clock.now() - present.toldAt >= tellEveryMs) return !this.#tell(present);
    this.#due.add(present);
    this.#wait();
    return true;
  }

  /** Somebody was shown what the person is at this moment. */
  lookedAt(present: Present): void {
    if (this.#due.has(present)) present.wasLookedAt = true;
  }

  #isNews({ status, told, wasLookedAt }: Present): boolean {
    return status !== told || wasLookedAt;
  }

  #wait(): void {
    if (this.#isTimed || this.#due.size === 0) return;
    this.#isTimed = true;
    this.stop = this.ctx.clock.after(tellEveryMs / 2, () => {
      this.#isTimed = false;
      this.#tellDue();
      this.#wait();
    });
  }

  #tellDue(): void {
    const now = this.ctx.clock.now();
    for (const present of this.#due) {
      if (now - present.toldAt < tellEveryMs || this.#asking.has(present)) continue;
      this.#due.delete(present);
      if (!this.#isNews(present) || this.#tell(present)) this.onTold(present);
    }
  }

  /** Gives whether they are told; otherwise that is still due. */
  #tell(present: Present): boolean {
    const known = knownBlocks(this.ctx, present.key);
    if (known) this.#send(present, known);
    else {
      this.#due.add(present);
      this.#ask(present);
    }
    return known !== undefined;
  }

  /** Thousands may go at once with their node: should the database not be able to answer, it is asked again later. */
  #ask(present: Present): void {
    this.#asking.add(present);
    blocksOfOne(this.ctx, present.key)
      .finally(() => this.#asking.delete(present))
      .then(
        (blocks) => {
          // Nobody watches them any more.
          if (!this.#due.delete(present)) return;
          this.#send(present, blocks);
          this.onTold(present);
        },
        (error: unknown) => {
          this.ctx.log.error("a person's watchers are told later", { user: present.id, error });
          present.toldAt = this.ctx.clock.now();
          this.#wait();
        },
      );
  }

  #send(present: Present, { blocked, blockers }: Blocks): void {
    const { id, key, status } = present;
    present.told = status;
    present.toldAt = this.ctx.clock.now();
    present.wasLookedAt = false;
    const last_seen_at = wireTimeOrNull(lastSeenOf(present));
    this.ctx.publish.toWatchers(id, "user_status_changed", { user_id: id, status, last_seen_at }, (viewerKey) => {
      return viewerKey !== key && !blocked.has(viewerKey) && !blockers.has(viewerKey);
    });
  }
}

/** What others may know of when somebody went. Nobody has gone who is there. */
export function lastSeenOf({ status, lastSeenAt, showsLastSeen }: Present): number | null {
  return status === "offline" && showsLastSeen ? lastSeenAt : null;
}
