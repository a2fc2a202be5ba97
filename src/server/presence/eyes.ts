import type { Presence as PresenceOf, Seen } from "../../protocol/models.ts";
import { blocksOfOne, type Blocks } from "../blocks/blocked.ts";
import type { Context } from "../context.ts";
import { wireTimeOrNull } from "../platform/clock.ts";
import type { PresentPerson } from "./person.ts";
import { presence } from "./presence.ts";
import { lastSeenOf } from "./telling.ts";

const unseen: Seen = { status: "offline", last_seen_at: null };

/** Whom the database knows; what of them is needed when they are not there. */
export type Sighted = Pick<PresentPerson, "key" | "showsLastSeen" | "lastSeenAt">;

/** How one person sees the others at this moment; a guest sees what somebody sees who has nothing to do with anybody. */
export class Eyes {
  constructor(
    private readonly ctx: Context,
    private readonly viewerKey: number | undefined,
    private readonly blocks: Blocks | undefined,
  ) {}

  /** Oneself one sees also while invisible. */
  status(userKey: number): Seen["status"] {
    const present = presence(this.ctx).get(userKey);
    if (!present || this.#isApartFrom(userKey)) return "offline";
    if (userKey === this.viewerKey)
      return present.activity && present.chosen === "invisible" ? "invisible" : present.status;
    presence(this.ctx).telling.lookedAt(present);
    return present.status;
  }

  see({ key, showsLastSeen, lastSeenAt }: Sighted): Seen {
    if (this.#isApartFrom(key)) return unseen;
    const status = this.status(key);
    if (status !== "offline") return { status, last_seen_at: null };
    const present = presence(this.ctx).get(key);
    if (present) return { status, last_seen_at: wireTimeOrNull(lastSeenOf(present)) };
    const at = showsLastSeen ? presence(this.ctx).lastSeen.latest(key, lastSeenAt) : null;
    return { status, last_seen_at: wireTimeOrNull(at) };
  }

  /** {@link see}, with whom it is about. */
  presence(person: Sighted & { readonly id: string }): PresenceOf {
    return { user_id: person.id, ...this.see(person) };
  }

  #isApartFrom(userKey: number): boolean {
    return this.blocks?.blocked.has(userKey) === true || this.blocks?.blockers.has(userKey) === true;
  }
}

/** The eyes of who looks. Blocks are read once: use them at once, and not for another question. */
export async function eyesOf(ctx: Context, viewer: { readonly key: number } | null): Promise<Eyes> {
  return new Eyes(ctx, viewer?.key, viewer ? await blocksOfOne(ctx, viewer.key) : undefined);
}
