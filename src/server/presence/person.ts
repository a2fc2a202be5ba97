import { z } from "zod";
import type { presenceStatus, Seen } from "../../protocol/models.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import type { Tables } from "../platform/db/database.ts";

/** What a person wants to be seen as while they are connected. */
export type ChosenStatus = Exclude<z.infer<typeof presenceStatus>, "offline">;

/** How a person is there: on a device that is used, or only on such as are not. */
export type Activity = "active" | "idle";

/** Of a person's row in the database what their presence needs. */
export interface PresentPerson {
  readonly key: number;
  readonly id: string;
  readonly chosen: ChosenStatus;
  readonly showsLastSeen: boolean;
  /** Milliseconds; `null`: nobody has seen them leave yet. */
  readonly lastSeenAt: number | null;
}

type UserRow = Pick<Tables["users"]["$inferSelect"], "key" | "id" | "chosen_status" | "privacy" | "last_seen_at">;

const storedPrivacy = z.object({ last_seen: z.boolean().default(true) });
/** Three choices make few texts: each is read once. */
const choices = new RecentMap<string, { showsLastSeen: boolean }>(64);

export function presentPerson({ key, id, chosen_status, privacy, last_seen_at }: UserRow): PresentPerson {
  let known = choices.get(privacy);
  if (!known) {
    known = { showsLastSeen: storedPrivacy.parse(JSON.parse(privacy)).last_seen };
    choices.set(privacy, known);
  }
  return { key, id, chosen: chosen_status, showsLastSeen: known.showsLastSeen, lastSeenAt: last_seen_at };
}

/** How somebody is there on another node. */
export interface Elsewhere {
  activity: Activity;
  /** When each of their sockets there came, the earliest first. */
  sockets: readonly number[];
}

/** Somebody who is connected here or on another node, or was a moment ago. */
export class Present {
  readonly key: number;
  readonly id: string;
  chosen: ChosenStatus;
  showsLastSeen: boolean;
  /** When others saw them last, while others do not see them. */
  lastSeenAt: number | null;
  /** Sockets of this node, and those of them that nobody is at. */
  sockets = 0;
  idleSockets = 0;
  /** When each of them came, the earliest first; kept where there may be other nodes. */
  opened: number[] | undefined;
  /** The last socket here is gone, but they may be back at once. */
  grace: { since: number; as: Activity } | undefined;
  /** How they are on other nodes. */
  elsewhere: Map<string, Elsewhere> | undefined;
  /** Whether others see them. */
  wasVisible = false;
  /** What the watchers here were told, and when. */
  told: Seen["status"] = "offline";
  toldAt = -Infinity;
  /** Somebody has looked meanwhile: what was told last may not be what they know. */
  wasLookedAt = false;

  constructor(person: PresentPerson) {
    this.key = person.key;
    this.id = person.id;
    this.chosen = person.chosen;
    this.showsLastSeen = person.showsLastSeen;
    this.lastSeenAt = person.lastSeenAt;
  }

  /** How they are on this node; `undefined`: not at all. */
  get here(): Activity | undefined {
    if (this.sockets > 0) return this.idleSockets === this.sockets ? "idle" : "active";
    return this.grace?.as;
  }

  /** How they are on all nodes together. */
  get activity(): Activity | undefined {
    const { here } = this;
    if (here === "active" || !this.elsewhere) return here;
    let found = here;
    for (const { activity } of this.elsewhere.values()) {
      if (activity === "active") return activity;
      found = activity;
    }
    return found;
  }

  /** As others see them. */
  get status(): Seen["status"] {
    const { activity, chosen } = this;
    if (activity === undefined || chosen === "invisible") return "offline";
    return chosen === "online" && activity === "idle" ? "away" : chosen;
  }
}
