import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eq } from "drizzle-orm";
import { z } from "zod";
import { friendRequest, user } from "../../src/protocol/models.ts";
import { setDisabled } from "../../src/server/accounts/manage.ts";
import { forEachDialect } from "../support/dialects.ts";
import { testPassword, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { cast, outcomes } from "./rooms-cast.ts";

const sentRequest = friendRequest.extend({ is_accepted: z.boolean() });

async function ask(from: Person, to: Person, message?: string) {
  return (await from.http("POST", "/friends/requests", { user_id: to.id, message })).as(sentRequest);
}

async function befriend(one: Person, other: Person): Promise<void> {
  const { id } = await ask(one, other);
  expect((await other.http("POST", `/friends/requests/${id}/accept`)).outcome).toBe("200");
}

async function friendsOf(person: Person): Promise<string[]> {
  return (await person.http("GET", "/friends")).as(z.array(user)).map(({ id }) => id);
}

async function requestsOf(person: Person, direction: "incoming" | "outgoing") {
  return (await person.http("GET", `/friends/requests?direction=${direction}`)).as(z.array(friendRequest));
}

forEachDialect((dialect) => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ dialect });
  });
  afterAll(() => server.stop());

  describe("a friend request", () => {
    test("stands on both lists with its line, and is told on all devices of both", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      const [annsPhone, bensPhone, bensDesk, outside] = await Promise.all([
        ann.connect(),
        ben.connect(),
        (await ben.onAnotherDevice()).connect(),
        cleo.connect(),
      ]);
      const sent = await ask(ann, ben, "we met in Taipei 🧋");
      expect(sent).toMatchObject({ direction: "outgoing", message: "we met in Taipei 🧋", is_accepted: false });
      expect(sent.user).toMatchObject({ id: ben.id, username: ben.username });
      const [incoming] = await requestsOf(ben, "incoming");
      expect(incoming).toMatchObject({ id: sent.id, direction: "incoming", message: "we met in Taipei 🧋" });
      expect(incoming?.user.id).toBe(ann.id);
      expect(await requestsOf(ann, "outgoing")).toHaveLength(1);
      expect(await requestsOf(ann, "incoming")).toEqual([]);
      for (const socket of [bensPhone, bensDesk]) {
        const { payload } = await socket.next("relationship_changed");
        expect(payload).toMatchObject({ friend: false, request: "incoming", blocked: false });
        expect(payload.user.id).toBe(ann.id);
        expect(payload.friend_request?.id).toBe(sent.id);
      }
      const told = (await annsPhone.next("relationship_changed")).payload;
      expect(told).toMatchObject({ request: "outgoing", user: { id: ben.id } });
      await outside.fence();
      expect(outside.seen("relationship_changed")).toEqual([]);
    });

    test("that is accepted makes one friendship for both, live and in ready", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await ask(ann, ben);
      const annsPhone = await ann.connect();
      expect(annsPhone.frames.find(({ type }) => type === "ready")?.payload).toMatchObject({
        friends: [],
        friend_requests: [{ id, direction: "outgoing", user: { id: ben.id } }],
      });
      const accepted = await ben.http("POST", `/friends/requests/${id}/accept`);
      expect(accepted.as(user).id).toBe(ann.id);
      expect((await annsPhone.next("relationship_changed")).payload).toMatchObject({
        friend: true,
        request: null,
        friend_request: null,
      });
      expect(await friendsOf(ann)).toEqual([ben.id]);
      expect(await friendsOf(ben)).toEqual([ann.id]);
      expect(await requestsOf(ben, "incoming")).toEqual([]);
      const again = await ben.connect();
      expect(again.frames.find(({ type }) => type === "ready")?.payload).toMatchObject({
        friends: [{ id: ann.id }],
        friend_requests: [],
        blocks: [],
      });
    });

    test("that is rejected or withdrawn is gone for both, and may be sent again", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const first = await ask(ann, ben);
      const socket = await ann.connect();
      expect((await ben.http("POST", `/friends/requests/${first.id}/reject`)).outcome).toBe("200");
      expect((await socket.next("relationship_changed")).payload).toMatchObject({ friend: false, request: null });
      const second = await ask(ann, ben);
      expect((await ann.http("DELETE", `/friends/requests/${second.id}`)).outcome).toBe("200");
      expect(await requestsOf(ben, "incoming")).toEqual([]);
      expect(await requestsOf(ann, "outgoing")).toEqual([]);
      expect((await ben.http("POST", `/friends/requests/${second.id}/accept`)).outcome).toBe(
        "404 FRIEND_REQUEST_NOT_FOUND",
      );
      expect(await friendsOf(ann)).toEqual([]);
    });

    test("is answered by its receiver, withdrawn by its sender, and exists for nobody else", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      const { id } = await ask(ann, ben);
      const notFound = "404 FRIEND_REQUEST_NOT_FOUND";
      for (const [who, method, path] of [
        [ann, "POST", `/${id}/accept`],
        [ann, "POST", `/${id}/reject`],
        [ben, "DELETE", `/${id}`],
        [cleo, "POST", `/${id}/accept`],
        [cleo, "POST", `/${id}/reject`],
        [cleo, "DELETE", `/${id}`],
        [ben, "POST", "/nonsense/accept"],
        [ben, "POST", `/${ann.id}/accept`],
      ] as const) {
        expect((await who.http(method, `/friends/requests${path}`)).outcome).toBe(notFound);
      }
      expect(await requestsOf(ben, "incoming")).toHaveLength(1);
    });

    test("is refused to oneself, to nobody, to who is disabled, and when it was sent before", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      const outcome = async (userId: string) =>
        (await ann.http("POST", "/friends/requests", { user_id: userId })).outcome;
      expect(await outcome(ann.id)).toBe("422 VALIDATION_ERROR");
      expect(await outcome("nonsense")).toBe("404 USER_NOT_FOUND");
      expect(await outcome(Bun.randomUUIDv7())).toBe("404 USER_NOT_FOUND");
      await setDisabled(server.context, ben.username, true);
      expect(await outcome(ben.id)).toBe("404 USER_NOT_FOUND");
      await ask(ann, cleo);
      expect(await outcome(cleo.id)).toBe("409 CONFLICT");
      await cleo.http("POST", `/friends/requests/${(await requestsOf(cleo, "incoming"))[0]?.id}/accept`);
      expect(await outcome(cleo.id)).toBe("409 CONFLICT");
      const long = await ann.http("POST", "/friends/requests", { user_id: cleo.id, message: "x".repeat(201) });
      expect(long.outcome).toBe("422 VALIDATION_ERROR");
      const unknown = await ann.http("GET", "/friends/requests?direction=sideways");
      expect(unknown.outcome).toBe("422 VALIDATION_ERROR");
    });

    test("is refused at once to who was disabled by another process", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      expect((await ann.http("GET", `/users/${ben.id}`)).outcome).toBe("200");
      // As the command does it, which tells this process of it only when that looks.
      const { db, clock } = server.context;
      const { users } = db.tables;
      await db.write((tx) => tx.update(users).set({ disabled_at: clock.now() }).where(eq(users.id, ben.id)));
      expect((await ann.http("POST", "/friends/requests", { user_id: ben.id })).outcome).toBe("404 USER_NOT_FOUND");
      expect(await requestsOf(ann, "outgoing")).toEqual([]);
    });

    test("that crosses another becomes a friendship at once", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      await ask(ann, ben);
      const socket = await ann.connect();
      expect((await ask(ben, ann)).is_accepted).toBe(true);
      expect((await socket.next("relationship_changed")).payload).toMatchObject({ friend: true, request: null });
      expect(await friendsOf(ann)).toEqual([ben.id]);
      expect(await requestsOf(ann, "outgoing")).toEqual([]);
      expect(await requestsOf(ben, "incoming")).toEqual([]);
    });

    test("sent by both at once leaves a friendship and no request, whoever was first", async () => {
      for (let round = 0; round < 10; round++) {
        const { ann, ben } = await cast(server, "ann", "ben");
        const answers = await Promise.all([
          ann.http("POST", "/friends/requests", { user_id: ben.id }),
          ben.http("POST", "/friends/requests", { user_id: ann.id }),
        ]);
        expect(outcomes(answers)).toEqual(["201", "201"]);
        expect(await friendsOf(ann)).toEqual([ben.id]);
        expect(await friendsOf(ben)).toEqual([ann.id]);
        expect(await requestsOf(ann, "outgoing")).toEqual([]);
        expect(await requestsOf(ann, "incoming")).toEqual([]);
      }
    });

    test("accepted, rejected and withdrawn at once is settled once", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id } = await ask(ann, ben);
      const answers = await Promise.all([
        ben.http("POST", `/friends/requests/${id}/accept`),
        ben.http("POST", `/friends/requests/${id}/reject`),
        ann.http("DELETE", `/friends/requests/${id}`),
      ]);
      expect(outcomes(answers)).toEqual(["200", "404 FRIEND_REQUEST_NOT_FOUND", "404 FRIEND_REQUEST_NOT_FOUND"]);
      expect((await friendsOf(ann)).length).toBe(answers[0].status === 200 ? 1 : 0);
    });

    test("asks for a person who is signed in", async () => {
      const { ann } = await cast(server, "ann");
      for (const [method, path] of [
        ["GET", "/friends"],
        ["GET", "/friends/requests"],
        ["POST", "/friends/requests"],
        ["POST", "/friends/requests/x/accept"],
        ["POST", "/friends/requests/x/reject"],
        ["DELETE", "/friends/requests/x"],
        ["DELETE", "/friends/x"],
        ["GET", "/blocks"],
        ["PUT", "/blocks/x"],
        ["DELETE", "/blocks/x"],
      ] as const) {
        const body = method === "POST" && path === "/friends/requests" ? { user_id: ann.id } : undefined;
        const response = await fetch(`${server.url}/api/v1${path}`, {
          method,
          ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
        });
        expect(response.status).toBe(401);
      }
    });
  });

  describe("friends", () => {
    test("are listed by name, page by page", async () => {
      const { ann, dora, ben, cleo } = await cast(server, "ann", "dora", "ben", "cleo");
      for (const friend of [dora, ben, cleo]) await befriend(ann, friend);
      const page = await ann.http("GET", "/friends?per_page=2");
      expect(page.as(z.array(user)).map(({ id }) => id)).toEqual([ben.id, cleo.id]);
      expect(page.meta).toEqual({ page: 1, per_page: 2, total: 3, has_more: true });
      expect((await ann.http("GET", "/friends?per_page=2&page=2")).as(z.array(user))[0]?.id).toBe(dora.id);
    });

    test("are no longer when one ends it, for both; nobody else's friendship can be ended", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      await befriend(ann, ben);
      const socket = await ben.connect();
      expect((await cleo.http("DELETE", `/friends/${ann.id}`)).outcome).toBe("404 USER_NOT_FOUND");
      expect((await ann.http("DELETE", "/friends/nonsense")).outcome).toBe("404 USER_NOT_FOUND");
      expect((await ann.http("DELETE", `/friends/${ben.id}`)).outcome).toBe("200");
      expect((await socket.next("relationship_changed")).payload).toMatchObject({
        user: { id: ann.id },
        friend: false,
      });
      expect(await friendsOf(ben)).toEqual([]);
      expect((await ann.http("DELETE", `/friends/${ben.id}`)).outcome).toBe("404 USER_NOT_FOUND");
    });

    test("who are disabled are on no list, and are again when they are enabled", async () => {
      const { ann, ben, cleo } = await cast(server, "ann", "ben", "cleo");
      await befriend(ann, ben);
      await ask(cleo, ann);
      await setDisabled(server.context, ben.username, true);
      await setDisabled(server.context, cleo.username, true);
      expect(await friendsOf(ann)).toEqual([]);
      expect(await requestsOf(ann, "incoming")).toEqual([]);
      const socket = await ann.connect();
      expect(socket.frames.find(({ type }) => type === "ready")?.payload).toMatchObject({
        friends: [],
        friend_requests: [],
      });
      await setDisabled(server.context, ben.username, false);
      expect(await friendsOf(ann)).toEqual([ben.id]);
    });

    test("who delete their account are gone from all lists, and their friends are told", async () => {
      const { ann, ben, cleo, dora } = await cast(server, "ann", "ben", "cleo", "dora");
      await befriend(ann, ben);
      await ask(cleo, ben);
      await dora.http("PUT", `/blocks/${ben.id}`);
      const [anns, cleos, doras] = await Promise.all([ann.connect(), cleo.connect(), dora.connect()]);
      expect((await ben.http("DELETE", "/users/me", { password: testPassword })).outcome).toBe("200");
      for (const socket of [anns, cleos, doras]) {
        expect((await socket.next("relationship_changed")).payload).toMatchObject({
          user: { id: ben.id },
          friend: false,
          request: null,
          blocked: false,
        });
      }
      expect(await friendsOf(ann)).toEqual([]);
      expect(await requestsOf(cleo, "outgoing")).toEqual([]);
      expect((await dora.http("GET", "/blocks")).data).toEqual([]);
    });
  });
});
