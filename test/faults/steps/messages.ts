import type { Step } from "../state-world.ts";

export const messageSteps: Step[] = [
  { name: "ann writes", covers: ["POST /rooms/:id/messages"], run: (w) => w.say("ann", "home", "hello") },
  { name: "ben answers", covers: [], run: (w) => w.say("ben", "home", "hi", "greeting") },
  {
    name: "ann reads",
    covers: ["POST /rooms/:id/messages/read"],
    run: (w) =>
      w.people.ann.http("POST", `/rooms/${w.room("home")}/messages/read`, {
        last_read_message_id: w.message("greeting").id,
      }),
  },
  { name: "cleo writes in the lobby", covers: [], run: (w) => w.say("cleo", "lobby", "hello, all", "to all") },
  {
    name: "ann reads the lobby",
    covers: [],
    run: (w) =>
      w.people.ann.http("POST", `/rooms/${w.room("lobby")}/messages/read`, {
        last_read_message_id: w.message("to all").id,
      }),
  },
  {
    name: "ben sends the same twice",
    covers: [],
    async run(w) {
      await w.say("ben", "home", "once", "once", { temp_id: "once" });
      await w.say("ben", "home", "once", "once", { temp_id: "once" });
    },
  },
  {
    name: "eve sends by a frame",
    covers: ["send_message"],
    run: (w) => w.command("eve", "send_message", { room_id: w.room("home"), content: "by a frame", temp_id: "frame" }),
  },
  {
    name: "cleo reads by a frame",
    covers: ["mark_read"],
    run: (w) => w.tell("cleo", "mark_read", { room_id: w.room("home"), message_id: w.message("once").id }),
  },
];
