import type { Step } from "../state-world.ts";

export const presenceSteps: Step[] = [
  {
    name: "ben is busy",
    covers: ["PUT /users/me/status"],
    run: (w) => w.people.ben.http("PUT", "/users/me/status", { status: "busy" }),
  },
  {
    name: "ben is back",
    covers: ["set_status"],
    run: (w) => w.command("ben", "set_status", { status: "online" }),
  },
];
