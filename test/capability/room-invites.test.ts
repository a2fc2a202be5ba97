import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { invitePreview, roomInvite } from "../../src/protocol/models.ts";
import { systemClock } from "../../src/server/platform/clock.ts";
import { forEachDialect } from "../support/dialects.ts";
import { person, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { cast, lobbyOf, makeRoom, official, outcomes, readRoom, standing } from "./rooms-cast.ts";

forEachDialect((dialect) => {
  let server: TestServer;
  let aheadMs = 0;
  beforeAll(async () => {
    server = await startServer({
      dialect,
      env: { PUBLIC_URL: "https://chat.example.org" },
      clock: { ...systemClock, now: () => Date.now() + aheadMs },
    });
  });
  afterAll(() => server.stop());

  const invite = async (who: Person, roomId: string, bounds: object = {}) =>
    (await who.http("POST", `/rooms/${roomId}/invites`, bounds)).as(roomInvite);
  const accept = (who: Person, { code }: { code: string }) => who.http("POST", `/invites/${code}/accept`);

  describe("an invitation link", () => {
    test("opens a private room to whoever has it, and says beforehand what it leads to", async () => {
      const { ann, ben } = await cast(server, "ann", "ben");
      const { id, name, rev } = await makeRoom(ann, { type: "private" });
      const answer = await ann.http("POST", `/rooms/${id}/invites`, { max_uses: 2, expires_in_s: 3_600 });
      expect(answer.outcome).toBe("201");
      const made = answer.as(roomInvite);
      expect(made).toMatchObject({
        url: `https://chat.example.org/invite/${made.code}`,
        created_by: ann.id,
        max_uses: 2,
        uses: 0,
      });
      const preview = (await ben.http("GET", `/invites/${made.code}`)).as(invitePreview);
      expect(preview).toMatchObject({ room: { id, name, member_count: 1 }, is_member: false });
      const [sees, comes] = [await ann.connect(), await ben.connect()];
      const joined = await accept(ben, made);
      expect(joined.data).toEqual({ room_id: id, joined_at: expect.any(String), role: "member" });
      expect((await comes.next("room_added")).payload.room).toMatchObject({ id, my_role: "member" });
      expect((await sees.next("user_joined")).payload).toMatchObject({ room_id: id, rev: rev + 1 });
      expect((await sees.next("new_message")).payload.system).toMatchObject({ kind: "member_joined" });
      // Again: nothing changes, and no use is taken.
      expect((await accept(ben, made)).data).toEqual(joined.data);
      const [listed] = (await ann.http("GET", `/rooms/${id}/invites`)).as(z.array(roomInvite));
      expect(listed).toEqual({ ...made, uses: 1 });
      expect((await readRoom(ann, id)).rev).toBe(rev + 1);
    });

    test("is no more when it is used up, expired, revoked, or its room or maker is gone", async () => {
      const { ann, ben, cas, dan } = await cast(server, "ann", "ben", "cas", "dan");
      const { id } = await makeRoom(ann, { type: "private", members: [ben] });
      const gone = "404 INVITE_NOT_FOUND";
      const once = await invite(ann, id, { max_uses: 1 });
      expect((await accept(cas, once)).outcome).toBe("200");
      expect((await accept(dan, once)).outcome).toBe(gone);
      const short = await invite(ann, id, { expires_in_s: 1 });
      const revoked = await invite(ann, id);
      aheadMs += 1_001;
      expect((await accept(dan, short)).outcome).toBe(gone);
      expect((await ann.http("DELETE", `/rooms/${id}/invites/${revoked.code}`)).outcome).toBe("200");
      expect((await ann.http("DELETE", `/rooms/${id}/invites/${revoked.code}`)).outcome).toBe(gone);
      for (const code of [revoked.code, "nothing", "%00", "x".repeat(2_000)]) {
        const [seen, taken] = [await dan.http("GET", `/invites/${code}`), await accept(dan, { code })];
        expect([seen.outcome, taken.outcome]).toEqual([gone, gone]);
      }
      expect((await ann.http("GET", `/rooms/${id}/invites`)).data).toEqual([]);
      const another = await invite(ann, id);
      await ann.http("DELETE", `/rooms/${id}`);
      expect((await accept(dan, another)).outcome).toBe(gone);
    });

    test("does not let in who is banned, who is apart from its maker, or more than the room holds", async () => {
      const { ann, ben, cas, dan } = await cast(server, "ann", "ben", "cas", "dan");
      const { id } = await makeRoom(ann, { type: "private", max_members: 2 });
      const made = await invite(ann, id, { max_uses: 1 });
      await ann.http("PUT", `/rooms/${id}/bans/${ben.id}`, {});
      expect((await accept(ben, made)).outcome).toBe("403 BANNED");
      await cas.http("PUT", `/blocks/${ann.id}`);
      expect((await accept(cas, made)).outcome).toBe("403 BLOCKED");
      await ann.http("POST", `/rooms/${id}/members`, { user_ids: [dan.id] });
      await cas.http("DELETE", `/blocks/${ann.id}`);
      expect((await accept(cas, made)).outcome).toBe("409 ROOM_FULL");
      // None of them has taken its one use.
      await ann.http("DELETE", `/rooms/${id}/members/${dan.id}`);
      expect((await accept(cas, made)).outcome).toBe("200");
      expect(await standing(ann, id)).toBe("ann:owner, cas:member");
    });

    test("followed by many at once lets in exactly as many as it may", async () => {
      const names = ["ben", "cas", "dan", "eve", "fay", "gil"] as const;
      const { ann, ...others } = await cast(server, "ann", ...names);
      const { id } = await makeRoom(ann, { type: "private" });
      const made = await invite(ann, id, { max_uses: 3 });
      const answers = await Promise.all(names.map((name) => accept(others[name], made)));
      const missed = "404 INVITE_NOT_FOUND";
      expect(outcomes(answers)).toEqual(["200", "200", "200", missed, missed, missed]);
      expect((await readRoom(ann, id)).member_count).toBe(4);
    });

    test("is made, seen and revoked by who runs the room; none leads into the lobby", async () => {
      const { ann, ben, cas } = await cast(server, "ann", "ben", "cas");
      const moderator = await official(server, "moderator");
      const { id } = await makeRoom(ann, { members: [ben] });
      const { code } = await invite(moderator, id);
      for (const who of [ben, cas]) {
        const answers = [
          await who.http("POST", `/rooms/${id}/invites`, {}),
          await who.http("GET", `/rooms/${id}/invites`),
          await who.http("DELETE", `/rooms/${id}/invites/${code}`),
        ];
        expect(outcomes(answers)).toEqual(["403 FORBIDDEN", "403 FORBIDDEN", "403 FORBIDDEN"]);
      }
      const lobby = await lobbyOf(ann);
      expect((await moderator.http("POST", `/rooms/${lobby.id}/invites`, {})).outcome).toBe("403 FORBIDDEN");
      const another = await makeRoom(cas);
      expect((await cas.http("DELETE", `/rooms/${another.id}/invites/${code}`)).outcome).toBe("404 INVITE_NOT_FOUND");
      const hidden = await makeRoom(ann, { type: "private" });
      expect((await cas.http("POST", `/rooms/${hidden.id}/invites`, {})).outcome).toBe("404 ROOM_NOT_FOUND");
    });

    test("is not to be guessed: whoever tries many codes is slowed down", async () => {
      const limited = await startServer({ dialect, env: { RATE_LIMITS: "on" } });
      const ann = await person(limited, "ann");
      const seen = new Set<string>();
      for (let time = 0; time < 40; time++) seen.add((await accept(ann, { code: `guess-${time}` })).outcome);
      expect([...seen]).toEqual(["404 INVITE_NOT_FOUND", "429 RATE_LIMITED"]);
      await limited.stop();
    });
  });
});
