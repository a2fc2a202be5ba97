import type { Step } from "../state-world.ts";

export const roomSteps: Step[] = [
  {
    name: "ann makes a private room with ben",
    covers: ["POST /rooms"],
    run: (w) => w.make("club", w.people.ann, { type: "private", member_ids: [w.people.ben.id] }),
  },
  { name: "ben writes in it", covers: [], run: (w) => w.say("ben", "club", "nice here") },
  {
    name: "ann adds cleo",
    covers: ["POST /rooms/:id/members"],
    run: (w) => w.people.ann.http("POST", `/rooms/${w.room("club")}/members`, { user_ids: [w.people.cleo.id] }),
  },
  {
    name: "ann makes cleo an admin",
    covers: ["PATCH /rooms/:id/members/:user_id"],
    run: (w) => w.people.ann.http("PATCH", `/rooms/${w.room("club")}/members/${w.people.cleo.id}`, { role: "admin" }),
  },
  { name: "cleo writes", covers: [], run: (w) => w.say("cleo", "club", "thanks") },
  {
    name: "ann makes cleo a member",
    covers: ["PUT /rooms/:id/members/:user_id"],
    run: (w) => w.people.ann.http("PUT", `/rooms/${w.room("club")}/members/${w.people.cleo.id}`, { role: "member" }),
  },
  {
    name: "ann renames the room",
    covers: ["PATCH /rooms/:id"],
    run: (w) => w.people.ann.http("PATCH", `/rooms/${w.room("club")}`, { name: "The club" }),
  },
  {
    name: "ann describes it",
    covers: [],
    run: (w) => w.people.ann.http("PATCH", `/rooms/${w.room("club")}`, { description: "quiet\nplease" }),
  },
  {
    name: "ann opens it",
    covers: [],
    run: (w) => w.people.ann.http("PATCH", `/rooms/${w.room("club")}`, { type: "public", max_members: 20 }),
  },
  {
    name: "dora joins",
    covers: ["POST /rooms/:id/join"],
    run: (w) => w.people.dora.http("POST", `/rooms/${w.room("club")}/join`),
  },
  { name: "dora joins again", covers: [], run: (w) => w.people.dora.http("POST", `/rooms/${w.room("club")}/join`) },
  {
    name: "dora leaves",
    covers: ["POST /rooms/:id/leave"],
    run: (w) => w.people.dora.http("POST", `/rooms/${w.room("club")}/leave`),
  },
  {
    name: "dora joins by a frame",
    covers: ["join_room"],
    run: (w) => w.command("dora", "join_room", { room_id: w.room("club") }),
  },
  {
    name: "dora leaves by a frame",
    covers: ["leave_room"],
    run: (w) => w.command("dora", "leave_room", { room_id: w.room("club") }),
  },
  { name: "dora comes back", covers: [], run: (w) => w.people.dora.http("POST", `/rooms/${w.room("club")}/join`) },
  {
    name: "ann puts dora out",
    covers: ["DELETE /rooms/:id/members/:user_id"],
    run: (w) => w.people.ann.http("DELETE", `/rooms/${w.room("club")}/members/${w.people.dora.id}`),
  },
  {
    name: "ann closes it",
    covers: [],
    run: (w) => w.people.ann.http("PATCH", `/rooms/${w.room("club")}`, { type: "private" }),
  },
  {
    name: "ann changes three things at once",
    covers: ["PUT /rooms/:id"],
    run: (w) => w.people.ann.http("PUT", `/rooms/${w.room("club")}`, { name: "C", description: "", max_members: 9 }),
  },
  {
    name: "ann hands it to cleo",
    covers: ["POST /rooms/:id/transfer"],
    run: (w) => w.people.ann.http("POST", `/rooms/${w.room("club")}/transfer`, { user_id: w.people.cleo.id }),
  },
  { name: "ann leaves it", covers: [], run: (w) => w.people.ann.http("POST", `/rooms/${w.room("club")}/leave`) },
  {
    name: "cleo adds ann and dora",
    covers: [],
    run: (w) =>
      w.people.cleo.http("POST", `/rooms/${w.room("club")}/members`, {
        user_ids: [w.people.ann.id, w.people.dora.id],
      }),
  },
  {
    name: "cleo deletes the room",
    covers: ["DELETE /rooms/:id"],
    run: (w) => w.people.cleo.http("DELETE", `/rooms/${w.room("club")}`),
  },
];
