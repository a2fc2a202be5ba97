import { inArray, type SQL } from "drizzle-orm";
import { systemRole, type Privacy, type SystemRole, type UserRef } from "../../protocol/models.ts";
import { idPattern } from "../../protocol/text.ts";
import { perContext, type Context } from "../context.ts";
import { Gathered } from "../platform/cache/gathered.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import { storedPrivacy } from "./me.ts";

/** What others need to know about a person; the same object for everybody, so never change it. */
export interface Person {
  readonly key: number;
  readonly id: string;
  readonly username: string;
  readonly display_name: string;
  readonly avatar_url: string | null;
  readonly role: SystemRole;
  readonly disabled: boolean;
  readonly deleted: boolean;
  /** One object for all who chose the same. */
  readonly privacy: Privacy;
}

/** How a person appears beside what they wrote. */
export function userRef({ id, username, display_name, avatar_url }: Person): UserRef {
  return { id, username, display_name, avatar_url };
}

/** The name of the cache in `ctx.caches`; its keys are user ids. */
export const peopleCache = "people";

/** People remembered at once (G7): about 0.5 KB each. */
const peopleMax = 50_000;

/** Parameters of one statement stay far below what either database takes. */
const idsPerQuery = 500;

/**
 * People by id and by key, from memory where possible. Deleted and disabled ones are among them: they have written
 * messages. A load that an invalidation overtook is handed out once and not kept.
 */
export class People {
  readonly #byId = new RecentMap<string, Person>(peopleMax, (person) => {
    if (this.#byKey.get(person.key) === person) this.#byKey.delete(person.key);
  });
  readonly #byKey = new Map<number, Person>();
  /** Grows whenever somebody has changed: what was made of names before may no longer hold. */
  version = 0;
  /** Ids dropped while a load is under way, one set a load. */
  readonly #overtaken = new Set<Set<string>>();
  #clearings = 0;

  /** People who come one by one, many at once: those who sign in after a restart. */
  readonly #askedFor = new Gathered<string, Person>(async (ids) => {
    const found = await this.#load(inArray(this.ctx.db.tables.users.id, ids));
    return new Map(found.map((person) => [person.id, person]));
  });

  constructor(private readonly ctx: Pick<Context, "db">) {}

  /** The person if they are remembered: what every message asks must not cost a promise. */
  known(id: string): Person | undefined {
    return this.#byId.get(id);
  }

  /** {@link known} by key. */
  knownByKey(key: number): Person | undefined {
    return this.#byKey.get(key);
  }

  async byId(id: string): Promise<Person | undefined> {
    if (!idPattern.test(id)) return undefined;
    return this.#byId.get(id) ?? this.#askedFor.get(id);
  }

  async byKey(key: number): Promise<Person | undefined> {
    return (await this.byKeys([key])).get(key);
  }

  /** Those of `keys` that exist, by few queries however many they are. */
  async byKeys(keys: Iterable<number>): Promise<Map<number, Person>> {
    const found = new Map<number, Person>();
    const missing: number[] = [];
    for (const key of new Set(keys)) {
      const person = this.#byKey.get(key);
      if (person === undefined) {
        missing.push(key);
        continue;
      }
      this.#byId.get(person.id); // keeps it among the recently used
      found.set(key, person);
    }
    for (let i = 0; i < missing.length; i += idsPerQuery) {
      const { users } = this.ctx.db.tables;
      for (const person of await this.#load(inArray(users.key, missing.slice(i, i + idsPerQuery)))) {
        found.set(person.key, person);
      }
    }
    return found;
  }

  drop(id: string): void {
    this.version++;
    const person = this.#byId.get(id);
    if (person) this.#byKey.delete(person.key);
    this.#byId.delete(id);
    for (const dropped of this.#overtaken) dropped.add(id);
  }

  clear(): void {
    this.version++;
    this.#byId.clear();
    this.#byKey.clear();
    this.#clearings++;
  }

  async #load(where: SQL): Promise<Person[]> {
    const { users } = this.ctx.db.tables;
    const dropped = new Set<string>();
    const clearings = this.#clearings;
    this.#overtaken.add(dropped);
    try {
      const rows = await this.ctx.db.read
        .select({
          key: users.key,
          id: users.id,
          username: users.username,
          display_name: users.display_name,
          avatar_url: users.avatar_url,
          role: users.role,
          disabled_at: users.disabled_at,
          deleted_at: users.deleted_at,
          privacy: users.privacy,
        })
        .from(users)
        .where(where);
      return rows.map((row) => {
        // Written out: tens of thousands are kept, and each must be one object of its own size.
        const person: Person = {
          key: row.key,
          id: row.id,
          username: row.username,
          display_name: row.display_name,
          avatar_url: row.avatar_url,
          role: systemRole.enum[row.role],
          disabled: row.disabled_at !== null,
          deleted: row.deleted_at !== null,
          privacy: storedPrivacy(row),
        };
        if (!dropped.has(person.id) && clearings === this.#clearings) {
          this.#byId.set(person.id, person);
          this.#byKey.set(person.key, person);
        }
        return person;
      });
    } finally {
      this.#overtaken.delete(dropped);
    }
  }
}

/** The people of this context. */
export const people = perContext((ctx) => {
  const made = new People(ctx);
  ctx.caches.register(peopleCache, (id) => made.drop(id), { clear: () => made.clear() });
  return made;
});
