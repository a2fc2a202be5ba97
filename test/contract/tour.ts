import { z } from "zod";
import { joinedRoom, message, notification, room } from "../../src/protocol/models.ts";
import { purgeMessages } from "../../src/server/messages/purge.ts";
import { catchUp as notificationCatchUp } from "../../src/server/notifications/catch-up.ts";
import { noter } from "../../src/server/notifications/noter.ts";
import { removeBeyond, removeOld } from "../../src/server/notifications/tidy.ts";
import { catchUp } from "../../src/server/search/indexer.ts";
import { person, request, testPassword, type Person } from "../support/people.ts";
import type { TestServer } from "../support/server.ts";
/** Muting, banning with a purge, slow mode, links; last of all both are as they were. */
async function keepOrder(server: TestServer, ann: Person, ben: Person, roomId: string): Promise<void> {
  const path = `/rooms/${roomId}`;
  await ann.http("PATCH", `${path}/members/${ben.id}`, { muted_until: new Date(Date.now() + 60_000).toISOString() });
  await ann.http("PATCH", `${path}/members/${ben.id}`, { muted_until: null });
  await ann.http("PATCH", path, { slow_mode_s: 1 });
  await ann.http("PATCH", `${path}/members/${ben.id}`, { role: "member" });
  await ben.http("POST", `${path}/messages`, { content: "slowly" });
  await ann.http("PATCH", path, { slow_mode_s: 0 });
  const link = z.object({ code: z.string() });
  const { code } = (await ann.http("POST", `${path}/invites`, { max_uses: 2 })).as(link);
  const { code: another } = (await ann.http("POST", `${path}/invites`, {})).as(link);
  await ann.http("PUT", `${path}/bans/${ben.id}`, { reason: "spam", purge: true });
  await purgeMessages(server.context);
  await ben.http("POST", `${path}/join`);
  await ben.http("POST", `/invites/${code}/accept`);
  await ann.http("GET", `${path}/bans`);
  await ann.http("DELETE", `${path}/bans/${ben.id}`);
  await ben.http("GET", `/invites/${code}`);
  await ben.http("POST", `/invites/${code}/accept`);
  await ann.http("GET", `${path}/invites`);
  await ann.http("DELETE", `${path}/invites/${another}`);
}

/**
 * Does everything there is to do once, by way of the API: for those who look at what it costs. A second tour of one server
 * is that of other people.
 */
export async function tour(server: TestServer, surname = ""): Promise<void> {
  const [ann, ben] = [await person(server, `ann${surname}`), await person(server, `ben${surname}`)];
  const own = (await ann.http("POST", "/rooms", { name: "room", type: "public", member_ids: [ben.id] })).as(room);
  const socket = await ben.connect();
  const say = async (person: Person, content: string) =>
    (await person.http("POST", `/rooms/${own.id}/messages`, { content, temp_id: content })).as(message).id;
  const ids = [];
  for (let number = 0; number < 12; number++) ids.push(await say(number % 2 ? ann : ben, `number ${number}`));
  await say(ann, "number 1");
  const [, second, , , fifth] = ids;
  const get = async (person: Person, path: string) => {
    const answer = await person.http("GET", path);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.outcome}`);
    return answer;
  };
  for (const query of [
    "",
    "?limit=3",
    `?before=${fifth}&limit=2`,
    `?after=${second}&limit=2`,
    `?around=${fifth}&limit=5`,
    "?around_seq=5&limit=5",
    "?around_time=2026-01-09T10:30:00Z",
  ]) {
    await get(ben, `/rooms/${own.id}/messages${query}`);
  }
  socket.send({ type: "mark_read", payload: { room_id: own.id, message_id: fifth } });
  await ben.http("POST", `/rooms/${own.id}/messages/read`, { last_read_message_id: fifth });
  const lobby = (await get(ann, "/rooms?type=joined")).as(z.array(joinedRoom)).find(({ is_lobby }) => is_lobby);
  await ann.http("POST", `/rooms/${lobby?.id}/messages`, { content: "all" });
  for (const type of ["public", "private", "joined"]) {
    await get(ann, `/rooms?type=${type}`);
    await get(ann, `/rooms?type=${type}&search=roo&page=2&per_page=1`);
  }
  for (const id of [own.id, lobby?.id]) {
    await get(ann, `/rooms/${id}`);
    await get(ann, `/rooms/${id}/members`);
    await get(ann, `/rooms/${id}/members?search=be&page=1`);
    for (const rev of [0, 3, 11]) await get(ann, `/rooms/${id}/changes?since_rev=${rev}`);
  }
  const direct = (await ann.http("POST", `/direct-messages/${ben.id}`, { content: "between us" })).as(message);
  await get(ben, `/direct-messages/${ann.id}`);
  await get(ben, "/direct-messages/conversations");
  await ben.http("PATCH", "/users/me", { privacy: { read_receipts: false, direct_messages: "friends" } });
  await ben.http("POST", `/rooms/${direct.room_id}/messages/read`, { last_read_message_id: direct.id });
  await ann.http("POST", `/direct-messages/${ben.id}`, { content: "refused" });
  for (const id of [direct.id, fifth]) await get(ann, `/messages/${id}/receipts`);
  await get(ann, `/rooms/${direct.room_id}/changes?since_rev=0`);
  await ben.http("DELETE", `/direct-messages/${ann.id}`);
  await ben.http("PATCH", "/users/me", { privacy: { read_receipts: true, direct_messages: "everyone" } });
  await request(server, "GET", "/rooms");
  await request(server, "GET", `/rooms/${own.id}/messages`);
  await ann.http("PATCH", `/rooms/${own.id}`, { name: "renamed", description: "x", max_members: 10 });
  await ann.http("PATCH", `/rooms/${own.id}/members/${ben.id}`, { role: "admin" });
  const [cleo, dora] = [await person(server, `cleo${surname}`), await person(server, `dora${surname}`)];
  await ann.http("POST", `/rooms/${own.id}/members`, { user_ids: [cleo.id] });
  await ann.http("DELETE", `/rooms/${own.id}/members/${cleo.id}`);
  await cleo.http("POST", `/rooms/${own.id}/join`);
  await cleo.http("POST", `/rooms/${own.id}/leave`);
  await keepOrder(server, ann, ben, own.id);
  await ann.http("POST", `/rooms/${own.id}/transfer`, { user_id: ben.id });
  await ben.http("POST", `/rooms/${own.id}/messages`, { content: "@ann, @all: `code`" });
  await ben.http("PUT", `/rooms/${own.id}/notifications`, { level: "mentions" });
  await ben.http("PUT", `/rooms/${lobby?.id}/notifications`, { level: "none" });
  await noter(server.context).idle();
  await get(ann, "/notifications");
  const [told] = (await get(ann, "/notifications?unread")).as(z.array(notification));
  await ann.http("POST", "/notifications/read", { ids: [told?.id] });
  await ann.http("POST", "/notifications/read", { all: true });
  server.context.happenings.emit("message_gone", {
    messageId: told?.message_id ?? "",
    roomKey: 1,
    roomId: own.id,
    seq: 1,
  });
  await noter(server.context).idle();
  await removeOld(server.context);
  await removeBeyond(server.context);
  await notificationCatchUp(server.context).run();
  await meetAndPart(ann, ben, dora);
  await catchUp(server.context);
  const page = (await get(ben, `/rooms/${own.id}/messages/search?q=number&limit=3`)).meta["oldest_id"];
  await get(ben, `/messages/search?q=number&before=${page}&after=2025-01-01&from=${ann.id}`);
  const epoch = socket.seen("connected")[0]?.epoch ?? "";
  await socket.request("sync", { epoch, rooms: [{ room_id: own.id, rev: 0 }] });
  (await ben.connect({ by: "ticket" })).close();
  const device = await ben.onAnotherDevice();
  await get(ben, "/auth/sessions");
  await request(server, "POST", "/auth/refresh", undefined, { token: device.refreshToken });
  await get(ben, "/users/me");
  await get(ben, `/users/${ann.id}`);
  await get(ben, "/users/search?q=an");
  await ben.http("PATCH", "/users/me", { display_name: "Benjamin", privacy: { last_seen: false } });
  await ben.http("POST", "/users/me/email", { email: `${ben.username}@example.org`, password: testPassword });
  await request(server, "POST", "/auth/login", { email: `${ben.username}@example.org`, password: testPassword });
  await request(server, "POST", "/auth/password/forgot", { email: `${ben.username}@example.org` });
  await ben.http("PUT", "/users/me/password", { old_password: testPassword, new_password: `${testPassword}!` });
  await dora.http("DELETE", "/users/me", { password: testPassword });
  await cleo.http("POST", "/auth/logout");
  await ann.http("POST", "/auth/logout-all");
  await ben.http("DELETE", `/rooms/${own.id}`);
  socket.cut();
}

/** Requests, friendships and blocks; Dora is left with one of each. */
async function meetAndPart(ann: Person, ben: Person, dora: Person): Promise<void> {
  const ask = async (from: Person, to: Person) =>
    (await from.http("POST", "/friends/requests", { user_id: to.id })).as(z.object({ id: z.string() })).id;
  await ann.http("POST", `/friends/requests/${await ask(ben, ann)}/accept`);
  await ann.http("DELETE", `/friends/${ben.id}`);
  await ann.http("POST", `/friends/requests/${await ask(ben, ann)}/reject`);
  await ben.http("DELETE", `/friends/requests/${await ask(ben, ann)}`);
  await dora.http("POST", `/friends/requests/${await ask(ann, dora)}/accept`);
  await ask(dora, ben);
  for (const path of ["/friends", "/friends/requests?direction=incoming", "/friends/requests?direction=outgoing"]) {
    await ann.http("GET", path);
  }
  for (const method of ["PUT", "DELETE", "PUT"]) await ann.http(method, `/blocks/${ben.id}`);
  await ann.http("GET", "/blocks");
  await ann.http("GET", "/rooms?type=joined");
  await ann.http("DELETE", `/blocks/${ben.id}`);
}
