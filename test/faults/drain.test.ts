import { describe, expect, test } from "bun:test";
import { until, within } from "../support/deferred.ts";
import { person } from "../support/people.ts";
import { type ServerProcess, spawnServer } from "../support/server-process.ts";

const readiness = async (server: ServerProcess) => {
  const response = await fetch(`${server.url}/readyz`);
  return { code: response.status, ...((await response.json()) as { status: string; missing: unknown[] }) };
};

describe("with a DRAIN_DELAY, SIGTERM", () => {
  test("is told to balancers first, and meanwhile everything goes on; a second one does not wait", async () => {
    const server = await spawnServer({ env: { DRAIN_DELAY: "5m" } });
    expect(await readiness(server)).toEqual({ code: 200, status: "ready", missing: [] });
    const ann = await person(server, "ann");
    const before = await ann.connect();
    server.signal("SIGTERM");
    await until(async () => (await readiness(server)).code === 503, "the drain");
    expect(await readiness(server)).toEqual({ code: 503, status: "draining", missing: [] });
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);

    const answer = await ann.http("GET", "/users/me");
    expect([answer.status, answer.headers.get("connection")]).toEqual([200, "close"]);
    const during = await ann.connect();
    await Promise.all([before.fence(), during.fence()]);
    expect(before.seen("server_shutdown")).toEqual([]);
    server.signal("SIGTERM");
    expect(await within(server.exited, () => "the server did not end")).toBe(1);
    await server.stop();
  });

  test("ends the server in order when the time is over", async () => {
    const server = await spawnServer({ env: { DRAIN_DELAY: "1s" } });
    const ann = await person(server, "ann");
    const socket = await ann.connect();
    server.signal("SIGTERM");
    expect(await within(socket.closed, () => "the socket was not closed")).toMatchObject({ code: 1012 });
    expect(socket.seen("server_shutdown")).toHaveLength(1);
    expect(await within(server.exited, () => "the server did not end")).toBe(0);
    await server.stop();
  });
});
