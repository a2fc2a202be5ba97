import type { Step } from "../state-world.ts";

const path = (id: string, emoji: string) => `/messages/${id}/reactions/${encodeURIComponent(emoji)}`;

export const reactionSteps: Step[] = [
  {
    name: "ben says something to react to",
    covers: [],
    run: (w) => w.say("ben", "home", "look at this", "last"),
  },
  {
    name: "ben reacts",
    covers: ["PUT /messages/:id/reactions/:emoji"],
    run: (w) => w.people.ben.http("PUT", path(w.message("greeting").id, "👍")),
  },
  {
    name: "ann reacts with the same",
    covers: [],
    run: (w) => w.people.ann.http("PUT", path(w.message("greeting").id, "👍")),
  },
  {
    name: "cleo reacts to the last message by a frame",
    covers: ["add_reaction"],
    run: (w) => w.command("cleo", "add_reaction", { message_id: w.message("last").id, emoji: "🎉" }),
  },
  {
    name: "ben takes his back",
    covers: ["DELETE /messages/:id/reactions/:emoji"],
    run: (w) => w.people.ben.http("DELETE", path(w.message("greeting").id, "👍")),
  },
  {
    name: "cleo takes hers back by a frame",
    covers: ["remove_reaction"],
    run: (w) => w.command("cleo", "remove_reaction", { message_id: w.message("last").id, emoji: "🎉" }),
  },
  {
    name: "ann pins a message",
    covers: ["PUT /rooms/:id/pins/:message_id"],
    run: (w) => w.people.ann.http("PUT", `/rooms/${w.room("home")}/pins/${w.message("greeting").id}`),
  },
  {
    name: "ann pins another",
    covers: [],
    run: (w) => w.people.ann.http("PUT", `/rooms/${w.room("home")}/pins/${w.message("last").id}`),
  },
  {
    name: "ben reacts to what is pinned",
    covers: [],
    run: (w) => w.people.ben.http("PUT", path(w.message("greeting").id, "😀")),
  },
  {
    name: "ann takes a pin away",
    covers: ["DELETE /rooms/:id/pins/:message_id"],
    run: (w) => w.people.ann.http("DELETE", `/rooms/${w.room("home")}/pins/${w.message("greeting").id}`),
  },
];
