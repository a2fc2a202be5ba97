import { z } from "zod";
import { roomInvite } from "../../../src/protocol/models.ts";
import type { Step, World } from "../state-world.ts";

const path = (w: World, below = "") => `/rooms/${w.room("court")}${below}`;
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

/** The link that was made last. */
async function code(w: World): Promise<string> {
  const [first] = (await w.people.ann.http("GET", path(w, "/invites"))).as(z.array(roomInvite));
  if (!first) throw new Error("there is no link");
  return first.code;
}

export const moderationSteps: Step[] = [
  {
    name: "ann makes a room with ben and cleo, in which cleo writes",
    covers: [],
    run: async (w) => {
      const { ann, ben, cleo } = w.people;
      await w.make("court", ann, { type: "private", member_ids: [ben.id, cleo.id] });
      await w.say("cleo", "court", "one");
      return w.say("cleo", "court", "two");
    },
  },
  {
    name: "ann slows it down, and lets it go again",
    covers: [],
    run: async (w) => {
      await w.people.ann.http("PATCH", path(w), { slow_mode_s: 30 });
      return w.people.ann.http("PATCH", path(w), { slow_mode_s: 0 });
    },
  },
  {
    name: "ann mutes ben",
    covers: [],
    run: (w) => w.people.ann.http("PATCH", path(w, `/members/${w.people.ben.id}`), { muted_until: inAnHour() }),
  },
  {
    name: "ben, still muted, leaves and comes back by a link",
    covers: ["POST /rooms/:id/invites", "POST /invites/:code/accept"],
    run: async (w) => {
      await w.people.ann.http("POST", path(w, "/invites"), {});
      await w.people.ben.http("POST", path(w, "/leave"));
      return w.people.ben.http("POST", `/invites/${await code(w)}/accept`);
    },
  },
  {
    name: "dora comes by it",
    covers: [],
    run: async (w) => w.people.dora.http("POST", `/invites/${await code(w)}/accept`),
  },
  {
    name: "ann takes the link back",
    covers: ["DELETE /rooms/:id/invites/:code"],
    run: async (w) => w.people.ann.http("DELETE", path(w, `/invites/${await code(w)}`)),
  },
  {
    name: "ann lets ben write again",
    covers: [],
    run: (w) => w.people.ann.http("PATCH", path(w, `/members/${w.people.ben.id}`), { muted_until: null }),
  },
  {
    name: "ann bans cleo, and deletes what she wrote",
    covers: ["PUT /rooms/:id/bans/:user_id"],
    run: (w) => w.people.ann.http("PUT", path(w, `/bans/${w.people.cleo.id}`), { reason: "spam", purge: true }),
  },
  {
    name: "ann lets cleo in again",
    covers: ["DELETE /rooms/:id/bans/:user_id"],
    run: async (w) => {
      await w.people.ann.http("DELETE", path(w, `/bans/${w.people.cleo.id}`));
      return w.people.ann.http("POST", path(w, "/members"), { user_ids: [w.people.cleo.id] });
    },
  },
  {
    name: "ann deletes the room of the trial",
    covers: [],
    run: (w) => w.people.ann.http("DELETE", path(w)),
  },
];
