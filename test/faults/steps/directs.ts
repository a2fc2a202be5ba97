import { message } from "../../../src/protocol/models.ts";
import type { Answer } from "../../support/people.ts";
import type { Step, World } from "../state-world.ts";

/** Sends to a person over HTTP, and keeps the message under `as`. */
async function tell(w: World, from: "ann" | "ben" | "dora", to: "ann" | "ben" | "dora", as: string): Promise<Answer> {
  const answer = await w.people[from].http("POST", `/direct-messages/${w.people[to].id}`, { content: as });
  const sent = answer.as(message);
  w.messages[as] = sent;
  w.rooms[`${from} and ${to}`] = sent.room_id;
  return answer;
}

export const directSteps: Step[] = [
  {
    name: "ann writes to ben",
    covers: ["POST /direct-messages/:user_id"],
    run: (w) => tell(w, "ann", "ben", "to ben"),
  },
  { name: "ben answers her", covers: [], run: (w) => tell(w, "ben", "ann", "to ann") },
  { name: "ann writes to dora", covers: [], run: (w) => tell(w, "ann", "dora", "to dora") },
  {
    name: "dora has got it",
    covers: ["mark_delivered"],
    run: (w) =>
      w.tell("dora", "mark_delivered", { room_id: w.room("ann and dora"), message_id: w.message("to dora").id }),
  },
  {
    name: "dora reads it",
    covers: [],
    run: (w) => w.tell("dora", "mark_read", { room_id: w.room("ann and dora"), message_id: w.message("to dora").id }),
  },
  {
    name: "dora writes to ben by a frame",
    covers: ["send_direct_message"],
    run: (w) =>
      w.command("dora", "send_direct_message", {
        receiver_id: w.people.ben.id,
        content: "by a frame",
        temp_id: "dora to ben",
      }),
  },
  {
    name: "ann empties her conversation with ben",
    covers: ["DELETE /direct-messages/:user_id"],
    run: (w) => w.people.ann.http("DELETE", `/direct-messages/${w.people.ben.id}`),
  },
  { name: "ben writes on", covers: [], run: (w) => tell(w, "ben", "ann", "on") },
  {
    name: "dora takes another name",
    covers: [],
    run: (w) => w.people.dora.http("PATCH", "/users/me", { display_name: "Dorothea" }),
  },
];
