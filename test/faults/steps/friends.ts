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

type Name = Parameters<World["say"]>[0];

const say = (name: Name, content: string, as = "last"): Step => ({
  name: `${name} writes: ${content}`,
  covers: [],
  run: (world) => world.say(name, "home", content, as),
});

const like = "/reactions/%F0%9F%91%8D";
const doTo = (who: Name, method: string, message: string, path: string, name: string, body?: object): Step => ({
  name: `${who} ${name}`,
  covers: [],
  run: (w) => w.people[who].http(method, `/messages/${w.message(message).id}${path}`, body),
});
const reply = (who: Name, to: string, content: string, as: string): Step => ({
  name: `${who} answers: ${content}`,
  covers: [],
  run: (w) => w.say(who, "home", content, as, { reply_to_id: w.message(to).id }),
});

/** What cleo does that some do not see, and what others do with it. */
const seenBySome: Step[] = [
  say("cleo", "not for everybody", "unseen"),
  reply("ann", "unseen", "seen by all, but for what it quotes", "quoting"),
  doTo("ann", "PATCH", "quoting", "", "edits that", { content: "edited, it still quotes" }),
  doTo("cleo", "PUT", "seen", like, "likes what all see"),
  doTo("ann", "PUT", "seen", like, "likes it too"),
  doTo("ann", "PATCH", "seen", "", "edits what is liked", { content: "seen and edited" }),
  doTo("cleo", "DELETE", "seen", like, "likes it no more"),
  doTo("cleo", "PATCH", "unseen", "", "edits what some do not see", { content: "still not" }),
  {
    name: "ann pins what some do not see",
    covers: [],
    run: (w) => w.people.ann.http("PUT", `/rooms/${w.room("home")}/pins/${w.message("unseen").id}`),
  },
  doTo("cleo", "PUT", "unseen", "/recall", "recalls it"),
  say("cleo", "another", "another"),
  doTo("cleo", "DELETE", "another", "", "deletes another"),
];

/** Ben sees nothing of cleo, among others who do. */
export const blockSteps: Step[] = [
  say("ann", "seen by all", "seen"),
  say("cleo", "before the block"),
  doTo("cleo", "PUT", "seen", "/reactions/%F0%9F%8E%89", "celebrates it"),
  { name: "cleo asks ben", covers: [], run: ({ people: { ben, cleo } }) => ask(cleo, ben) },
  {
    name: "ben blocks cleo",
    covers: ["PUT /blocks/:user_id"],
    run: ({ people: { ben, cleo } }) => ben.http("PUT", `/blocks/${cleo.id}`),
  },
  ...seenBySome,
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
