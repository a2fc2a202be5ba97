import type { Step, World } from "../state-world.ts";

const quoting = (w: World, name: string) => ({ reply_to_id: w.message(name).id });

/** What becomes of a message that is quoted, reacted to, pinned and names somebody, while some have blocked its sender. */
export const togetherSteps: Step[] = [
  { name: "ben says what will change", covers: [], run: (w) => w.say("ben", "home", "@ann, first words", "changing") },
  { name: "cleo too", covers: [], run: (w) => w.say("cleo", "home", "@ben, cleo's words", "of cleo") },
  {
    name: "ann answers ben",
    covers: [],
    run: (w) => w.say("ann", "home", "why?", "answer", quoting(w, "changing")),
  },
  { name: "eve answers cleo", covers: [], run: (w) => w.say("eve", "home", "so?", "to cleo", quoting(w, "of cleo")) },
  {
    name: "cleo reacts to it",
    covers: [],
    run: (w) =>
      w.people.cleo.http("PUT", `/messages/${w.message("changing").id}/reactions/${encodeURIComponent("👍")}`),
  },
  {
    name: "ann pins it",
    covers: [],
    run: (w) => w.people.ann.http("PUT", `/rooms/${w.room("home")}/pins/${w.message("changing").id}`),
  },
  {
    name: "ben edits it",
    covers: [],
    run: (w) => w.people.ben.http("PATCH", `/messages/${w.message("changing").id}`, { content: "@gil, other words" }),
  },
  {
    name: "ben edits it once more",
    covers: [],
    run: (w) => w.people.ben.http("PUT", `/messages/${w.message("changing").id}`, { content: "last words" }),
  },
  {
    name: "cleo edits hers by a frame",
    covers: [],
    run: (w) =>
      w.command("cleo", "edit_message", { message_id: w.message("of cleo").id, content: "@ben, other words" }),
  },
  {
    name: "gil deletes it for himself",
    covers: [],
    run: (w) => w.people.gil.http("DELETE", `/messages/${w.message("changing").id}?for=me`),
  },
  {
    name: "ben edits what gil no longer sees",
    covers: [],
    run: (w) => w.people.ben.http("PATCH", `/messages/${w.message("changing").id}`, { content: "not for gil" }),
  },
  {
    name: "ann deletes it for herself by a frame",
    covers: [],
    run: (w) => w.command("ann", "delete_message", { message_id: w.message("answer").id, for: "me" }),
  },
  {
    name: "ben deletes it for all",
    covers: [],
    run: (w) => w.people.ben.http("DELETE", `/messages/${w.message("changing").id}`),
  },
  {
    name: "cleo recalls hers",
    covers: [],
    run: (w) => w.people.cleo.http("PUT", `/messages/${w.message("of cleo").id}/recall`),
  },
  { name: "ben says something rash", covers: [], run: (w) => w.say("ben", "home", "@all @ann, rash", "rash") },
  {
    name: "ben recalls it by a frame",
    covers: [],
    run: (w) => w.command("ben", "recall_message", { message_id: w.message("rash").id }),
  },
  { name: "cleo says something unwanted", covers: [], run: (w) => w.say("cleo", "home", "@ann, unwanted", "unwanted") },
  {
    name: "ann, whose room it is, deletes it",
    covers: [],
    run: (w) => w.people.ann.http("DELETE", `/messages/${w.message("unwanted").id}?for=all`),
  },
  { name: "ann says the last word", covers: [], run: (w) => w.say("ann", "home", "the last word", "last word") },
  {
    name: "ben deletes the last message of the room for himself",
    covers: [],
    run: (w) => w.people.ben.http("DELETE", `/messages/${w.message("last word").id}?for=me`),
  },
];
