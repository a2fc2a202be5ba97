import { z } from "zod";
import type { Person } from "../../support/people.ts";
import type { Step, World } from "../state-world.ts";

const ask = (from: Person, to: Person, message = "") =>
  from.http("POST", "/friends/requests", { user_id: to.id, message });

/** Does something to the request that somebody has got. */
async function answer(by: Person, verb: string, method = "POST", direction = "incoming") {
  const waiting = await by.http("GET", `/friends/requests?direction=${direction}`);
  const [request] = waiting.as(z.array(z.object({ id: z.string() })));
  return by.http(method, `/friends/requests/${request?.id}${verb}`);
}

export const friendSteps: Step[] = [
  {
    name: "ben asks ann to be friends",
    covers: ["POST /friends/requests"],
    run: ({ people: { ann, ben } }) => ask(ben, ann, "we met yesterday"),
  },
  {
    name: "ann rejects",
    covers: ["POST /friends/requests/:id/reject"],
    run: ({ people: { ann } }) => answer(ann, "/reject"),
  },
  { name: "ben asks again", covers: [], run: ({ people: { ann, ben } }) => ask(ben, ann) },
  {
    name: "ben thinks better of it",
    covers: ["DELETE /friends/requests/:id"],
    run: ({ people: { ben } }) => answer(ben, "", "DELETE", "outgoing"),
  },
  { name: "ben asks once more", covers: [], run: ({ people: { ann, ben } }) => ask(ben, ann) },
  {
    name: "ann accepts",
    covers: ["POST /friends/requests/:id/accept"],
    run: ({ people: { ann } }) => answer(ann, "/accept"),
  },
  { name: "dora asks ann", covers: [], run: ({ people: { ann, dora } }) => ask(dora, ann, "hello") },
  { name: "ann asks dora, which crosses", covers: [], run: ({ people: { ann, dora } }) => ask(ann, dora) },
  {
    name: "ann and ben part",
    covers: ["DELETE /friends/:user_id"],
    run: ({ people: { ann, ben } }) => ann.http("DELETE", `/friends/${ben.id}`),
  },
  { name: "eve asks ann", covers: [], run: ({ people: { ann, eve } }) => ask(eve, ann) },
];

const say = (name: Parameters<World["say"]>[0], content: string): Step => ({
  name: `${name} writes: ${content}`,
  covers: [],
  run: (world) => world.say(name, "home", content),
});

/** Ben sees nothing of cleo, among others who do. */
export const blockSteps: Step[] = [
  say("cleo", "before the block"),
  { name: "cleo asks ben", covers: [], run: ({ people: { ben, cleo } }) => ask(cleo, ben) },
  {
    name: "ben blocks cleo",
    covers: ["PUT /blocks/:user_id"],
    run: ({ people: { ben, cleo } }) => ben.http("PUT", `/blocks/${cleo.id}`),
  },
  say("cleo", "unseen by ben"),
  say("ann", "seen by all"),
  say("ben", "seen by cleo too"),
  say("cleo", "unseen again"),
  {
    name: "ben unblocks cleo",
    covers: ["DELETE /blocks/:user_id"],
    run: ({ people: { ben, cleo } }) => ben.http("DELETE", `/blocks/${cleo.id}`),
  },
  say("cleo", "seen again"),
  {
    name: "gil blocks cleo for good",
    covers: [],
    run: ({ people: { gil, cleo } }) => gil.http("PUT", `/blocks/${cleo.id}`),
  },
  say("cleo", "unseen by gil"),
];
