import type { Step, World } from "../state-world.ts";

const at = (w: World, name: string) => `/messages/${w.message(name).id}`;

export const messageLifeSteps: Step[] = [
  { name: "ann writes what will be quoted", covers: [], run: (w) => w.say("ann", "home", "befor @ben", "quoted") },
  {
    name: "ben answers it",
    covers: [],
    run: (w) => w.say("ben", "home", "yes", "answer", { reply_to_id: w.message("quoted").id }),
  },
  {
    name: "ann edits it",
    covers: ["PATCH /messages/:id"],
    run: (w) => w.people.ann.http("PATCH", at(w, "quoted"), { content: "before, @ben and @cleo" }),
  },
  {
    name: "cleo answers it as it is now",
    covers: [],
    run: (w) => w.say("cleo", "home", "me too", "second answer", { reply_to_id: w.message("quoted").id }),
  },
  {
    name: "ann edits it to the same words",
    covers: ["PUT /messages/:id"],
    run: (w) => w.people.ann.http("PUT", at(w, "quoted"), { content: "before, @ben and @cleo" }),
  },
  {
    name: "ann edits it by a frame, and names cleo no more",
    covers: ["edit_message"],
    run: (w) => w.command("ann", "edit_message", { message_id: w.message("quoted").id, content: "before" }),
  },
  {
    name: "ben edits his answer",
    covers: [],
    run: (w) => w.people.ben.http("PATCH", at(w, "answer"), { content: "yes, yes" }),
  },
  {
    name: "cleo hides what was quoted, and what is quoted with it",
    covers: ["DELETE /messages/:id"],
    run: (w) => w.people.cleo.http("DELETE", `${at(w, "quoted")}?for=me`),
  },
  {
    name: "gil answers what cleo has hidden",
    covers: [],
    run: (w) => w.say("gil", "home", "late", "late answer", { reply_to_id: w.message("quoted").id }),
  },
  {
    name: "gil hides an answer by a frame",
    covers: ["delete_message"],
    run: (w) => w.command("gil", "delete_message", { message_id: w.message("answer").id, for: "me" }),
  },
  {
    name: "ann edits once more what cleo does not see",
    covers: [],
    run: (w) => w.people.ann.http("PATCH", at(w, "quoted"), { content: "before that" }),
  },
  {
    name: "ann deletes it",
    covers: [],
    run: (w) => w.people.ann.http("DELETE", at(w, "quoted")),
  },
  {
    name: "ann deletes ben's answer, which nobody but her and him has read",
    covers: [],
    run: (w) => w.people.ann.http("DELETE", at(w, "answer")),
  },
  { name: "ann writes too soon", covers: [], run: (w) => w.say("ann", "home", "@cleo, oh", "too soon") },
  {
    name: "gil answers that",
    covers: [],
    run: (w) => w.say("gil", "home", "what?", "what", { reply_to_id: w.message("too soon").id }),
  },
  {
    name: "ann recalls it",
    covers: ["PUT /messages/:id/recall"],
    run: (w) => w.people.ann.http("PUT", `${at(w, "too soon")}/recall`),
  },
  {
    name: "gil recalls his answer by a frame",
    covers: ["recall_message"],
    run: (w) => w.command("gil", "recall_message", { message_id: w.message("what").id }),
  },
  {
    name: "cleo answers ben, who will take another name",
    covers: [],
    run: (w) => w.say("cleo", "home", "hello, ben", "to ben", { reply_to_id: w.message("once").id }),
  },
];
