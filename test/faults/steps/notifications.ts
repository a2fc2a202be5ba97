import { z } from "zod";
import { notification } from "../../../src/protocol/models.ts";
import type { Step } from "../state-world.ts";

export const notificationSteps: Step[] = [
  { name: "ann names ben and cleo", covers: [], run: (w) => w.say("ann", "home", "@ben and @cleo, look") },
  { name: "cleo names ben in the lobby", covers: [], run: (w) => w.say("cleo", "lobby", "@ben!") },
  { name: "ann names everybody", covers: [], run: (w) => w.say("ann", "home", "@all, look", "call") },
  {
    name: "ben reads one of his notifications",
    covers: ["POST /notifications/read"],
    async run({ people: { ben } }) {
      const [newest] = (await ben.http("GET", "/notifications")).as(z.array(notification));
      return ben.http("POST", "/notifications/read", { ids: [newest?.id] });
    },
  },
  {
    name: "cleo reads the room, and with it what it told her",
    covers: [],
    run: (w) =>
      w.people.cleo.http("POST", `/rooms/${w.room("home")}/messages/read`, {
        last_read_message_id: w.message("call").id,
      }),
  },
  {
    name: "ben wants to hear of mentions only",
    covers: ["PUT /rooms/:id/notifications"],
    run: (w) => w.people.ben.http("PUT", `/rooms/${w.room("home")}/notifications`, { level: "mentions" }),
  },
  {
    name: "gil wants to hear nothing of the lobby",
    covers: [],
    run: (w) => w.people.gil.http("PUT", `/rooms/${w.room("lobby")}/notifications`, { level: "none" }),
  },
  { name: "cleo names gil there", covers: [], run: (w) => w.say("cleo", "lobby", "@gil?") },
  {
    name: "gil reads all notifications",
    covers: [],
    run: (w) => w.people.gil.http("POST", "/notifications/read", { all: true }),
  },
];
