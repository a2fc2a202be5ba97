import { afterAll, beforeAll, expect, test } from "bun:test";
import { request } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

/** Babel in the process of the server once turned libSQL's errors into TypeErrors without a code. */
test("a server from source builds its page, and still knows a name that is taken", async () => {
  const page = await fetch(server.url);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("/assets/");
  const prepareStackTrace = String(Error.prepareStackTrace);
  const body = { username: "ann", password: "correct horse battery" };
  expect((await request(server, "POST", "/auth/register", body)).outcome).toBe("201");
  const racing = Array.from({ length: 5 }, () =>
    request(server, "POST", "/auth/register", { ...body, username: "ben" }),
  );
  const outcomes = (await Promise.all(racing)).map(({ outcome }) => outcome);
  expect(outcomes.toSorted()).toEqual(["201", ...Array.from({ length: 4 }, () => "409 USERNAME_TAKEN")]);
  expect(prepareStackTrace).toContain("[native code]");
}, 120_000);
