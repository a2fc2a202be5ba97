import { testPassword } from "../../support/people.ts";
import type { Step } from "../state-world.ts";

/** The last: eve goes. */
export const accountSteps: Step[] = [
  {
    name: "ben takes another name",
    covers: ["PATCH /users/me"],
    run: (w) => w.people.ben.http("PATCH", "/users/me", { display_name: "Benjamin" }),
  },
  {
    name: "ben writes a bio",
    covers: [],
    run: (w) => w.people.ben.http("PATCH", "/users/me", { bio: "I write", status_text: "writing", gender: "other" }),
  },
  {
    name: "ben wants privacy",
    covers: ["PUT /users/me"],
    run: (w) => w.people.ben.http("PUT", "/users/me", { privacy: { read_receipts: false } }),
  },
  {
    name: "ben takes an email",
    covers: ["POST /users/me/email"],
    run: (w) => w.people.ben.http("POST", "/users/me/email", { email: "ben@example.org", password: testPassword }),
  },
  {
    name: "eve deletes her account",
    covers: ["DELETE /users/me"],
    run: (w) => w.people.eve.http("DELETE", "/users/me", { password: testPassword }),
  },
];
