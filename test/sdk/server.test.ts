import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import * as models from "../../src/protocol/models.ts";
import { createClient, type Parley } from "../../src/sdk/client.ts";
import { ApiError } from "../../src/sdk/errors.ts";
import type { State } from "../../src/sdk/state.ts";
import { catchUp } from "../../src/server/search/indexer.ts";
import { ChaosProxy } from "../support/chaos-proxy.ts";
import { testPassword } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { anotherDevice, contents, newcomer, state } from "./people.ts";

let server: TestServer;
const clients: Parley[] = [];
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  for (const client of clients) client.close();
  await server.stop();
});

async function cast<const N extends string>(...names: N[]): Promise<Record<N, Parley>> {
  const people: [string, Parley][] = [];
  for (const name of names) people.push([name, await newcomer(server, `${name}${clients.length}`)]);
  for (const [, client] of people) clients.push(client);
  return Object.fromEntries(people) as Record<N, Parley>;
}

const idOf = (client: Parley) => client.me?.id ?? "";

test("the ten lines of the README", async () => {
  const { ben } = await cast("ben");
  const parley = createClient({ url: server.url });
  clients.push(parley);
  await parley.register({ username: "ann", password: testPassword });
  await parley.connect();
  const heard = Promise.withResolvers<string>();
  parley.on("new_message", (message) => {
    if ("sender" in message) heard.resolve(`${message.sender.display_name}: ${message.content}`);
  });
  const ack = await parley.send(parley.lobby.id, "Hello").acked;
  expect(await heard.promise).toBe("ann: Hello");
  const lobby = (await state(ben, "the message", ({ rooms }) => rooms[ack.room_id]?.last_seq === ack.seq)).rooms;
  expect(lobby[ack.room_id]).toMatchObject({ unread_count: 1, last_message: { content: "Hello" } });
});

test("a signed-in client is what another program takes up from its tokens", async () => {
  const kept: models.Credentials[] = [];
  const tokens = {
    load: () => kept.at(-1) ?? null,
    save: (next: models.Credentials) => void kept.push(next),
    clear() {},
  };
  const first = await newcomer(server, "keeper", { tokens });
  first.close();
  const second = createClient({ url: server.url, tokens });
  expect(await second.restore()).toMatchObject({ username: "keeper" });
  await second.http.auth.refresh();
  expect(kept.length).toBe(2);
  expect(new Set(kept.map(({ refresh_token }) => refresh_token)).size).toBe(2);
  await second.connect();
  second.close();
});

test("in a page of the server's own the refresh token is a cookie", async () => {
  const jar = new Map<string, string>();
  const asBrowser = async (url: string, init: RequestInit) => {
    const headers = new Headers(init.headers);
    headers.set("Cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
    headers.set("Origin", server.url);
    const response = await fetch(url, { ...init, headers });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      expect(cookie).toContain("HttpOnly");
      if (value === "" || /max-age=0/i.test(cookie)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  };
  const page = createClient({ url: server.url, cookieAuth: true, fetch: asBrowser });
  const signedIn = await page.register({ username: "browser", password: testPassword });
  expect(signedIn.refresh_token).toBeUndefined();
  expect([...jar.keys()]).toEqual(["parley_refresh"]);
  const reloaded = createClient({ url: server.url, cookieAuth: true, fetch: asBrowser });
  expect(await reloaded.restore()).toMatchObject({ username: "browser" });
  await reloaded.connect();
  await reloaded.logout();
  expect(jar.size).toBe(0);
  const again = createClient({ url: server.url, cookieAuth: true, fetch: asBrowser });
  expect(await again.restore()).toBeNull();
});

test("every answer is as its type says", async () => {
  const { ann, ben } = await cast("ann", "ben");
  const { http } = ann;
  const page = z.object({ page: z.number(), per_page: z.number(), total: z.number(), has_more: z.boolean() });
  models.me.parse(await http.users.me());
  expect(await http.users.update({ bio: "Hello" })).toMatchObject({ bio: "Hello" });
  models.profile.parse(await http.users.get(idOf(ben)));
  const found = await http.users.search({ q: ben.me?.username ?? "" });
  z.array(models.user).min(1).parse(found.data);
  page.parse(found.meta);
  z.array(models.session)
    .length(1)
    .parse(await http.auth.sessions());
  z.object({ ticket: z.string().min(16) }).parse(await http.auth.wsTicket());
  models.serverInfo.parse(await http.server.info());

  const room = await http.rooms.create({ name: "Garden", type: "public", member_ids: [idOf(ben), "nobody"] });
  models.joinedRoom.extend({ skipped: z.tuple([z.literal("nobody")]) }).parse(room);
  models.room.parse(await http.rooms.get(room.id));
  models.room.parse(await http.rooms.update(room.id, { name: "Orchard" }));
  const listed = await http.rooms.list({ search: "Orchard" });
  z.array(models.room).length(1).parse(listed.data);
  page.parse(listed.meta);
  const joined = await http.rooms.joined();
  z.array(models.joinedRoom).length(2).parse(joined.data);
  const members = await http.rooms.members(room.id);
  z.array(models.member).length(2).parse(members.data);
  page.extend({ online_count: z.number() }).parse(members.meta);
  models.member.parse(await http.rooms.updateMember(room.id, idOf(ben), { role: "admin" }));
  const membership = z.object({ room_id: z.string(), joined_at: z.string(), role: models.roomRole });
  membership.parse(await ben.http.rooms.leave(room.id));
  membership.parse(await ben.http.rooms.join(room.id));
  await http.rooms.removeMember(room.id, idOf(ben));
  const added = z.object({
    room_id: z.string(),
    added: z.array(models.member).length(1),
    skipped: z.array(z.string()),
  });
  added.parse(await http.rooms.addMembers(room.id, { user_ids: [idOf(ben)] }));
  models.room.parse(await http.rooms.transfer(room.id, { user_id: idOf(ben) }));

  const message = models.message.parse(await http.messages.send(room.id, { content: "Hello" }));
  const history = await http.messages.history(room.id, { limit: 2 });
  z.array(models.timelineMessage).length(2).parse(history.data);
  expect(history.meta).toEqual({ has_more: true, oldest_id: history.data[0]!.id, newest_id: message.id });
  await ben.http.messages.markRead(room.id, message.id);
  const changes = await http.messages.changes(room.id, { since_rev: 0 });
  models.roomChanges.parse(changes.data);
  z.object({ rev: z.number(), has_more: z.boolean(), epoch: z.string() }).parse(changes.meta);
  await ben.http.rooms.delete(room.id);
  await state(ann, "the room's end", ({ rooms }) => !(room.id in rooms));
  await http.users.changePassword({ old_password: testPassword, new_password: `${testPassword} again` });
});

test("a refusal comes typed, worded in the language in use", async () => {
  const client = createClient({ url: server.url, language: "zh-TW" });
  const error = await client.http.rooms.get("0190c0de-0000-7000-8000-000000000000").catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 404, code: "ROOM_NOT_FOUND", message: "聊天室不存在" });
  expect(error instanceof ApiError && error.requestId).toBeString();
});

test("unread counts and read marks agree on all devices", async () => {
  const { ann, ben } = await cast("ann", "ben");
  const phone = await anotherDevice(server, ben);
  clients.push(phone);
  const room = await ann.http.rooms.create({ name: "Two", type: "private", member_ids: [idOf(ben)] });
  await state(phone, "the room", ({ rooms }) => room.id in rooms);
  for (const text of ["one", "two", "three"]) await ann.send(room.id, text).acked;
  const unread = (count: number) => (now: State) => now.rooms[room.id]?.unread_count === count;
  await Promise.all([ben, phone].map((client) => state(client, "three unread", unread(3))));
  await ben.timelines.open(room.id);
  const second = ben.store.getSnapshot().timelines[room.id]?.messages.at(-2);
  ben.markRead(room.id, second!);
  await Promise.all([ben, phone].map((client) => state(client, "one unread", unread(1))));
  const fresh = await anotherDevice(server, ben);
  clients.push(fresh);
  expect(unread(1)(fresh.store.getSnapshot())).toBe(true);
});

test("signing out on another device ends this one within a second", async () => {
  const { ann } = await cast("ann");
  const phone = await anotherDevice(server, ann);
  const signedOut = Promise.withResolvers<void>();
  ann.onSignedOut(() => signedOut.resolve());
  const sessions = await phone.http.auth.sessions();
  await phone.http.auth.endSession(sessions.find(({ current }) => !current)?.id ?? "");
  await signedOut.promise;
  expect(ann.me).toBeNull();
  expect(ann.connection.state.status).toBe("closed");
  await phone.logout({ everywhere: true });
});

test("a guest follows a public room live", async () => {
  const { ann } = await cast("ann");
  const guest = createClient({ url: server.url });
  clients.push(guest);
  await guest.connect();
  const room = await ann.http.rooms.create({ name: "Open", type: "public" });
  expect(await guest.watch(room.id)).toMatchObject({ name: "Open", my_role: null });
  await guest.timelines.open(room.id);
  await ann.send(room.id, "Hello").acked;
  await state(guest, "the message", () => contents(guest, room.id).length === 1);
});

test("a token that ends is renewed on the open socket", async () => {
  const short = await startServer({ env: { ACCESS_TOKEN_TTL: "2s" } });
  const client = await newcomer(short, "ann");
  const renewed = Promise.withResolvers<string | undefined>();
  client.on("ack", ({ expires_at }) => renewed.resolve(expires_at));
  let lost = 0;
  client.store.subscribe(() => {
    if (client.connection.state.status !== "ready") lost++;
  });
  expect(Date.parse((await renewed.promise) ?? "")).toBeGreaterThan(Date.now());
  expect(lost).toBe(0);
  client.close();
  await short.stop();
});

test("cut off again and again, everybody ends with the same room, and with what a newcomer gets", async () => {
  const proxy = await ChaosProxy.before(server.url);
  const { ann, ben } = await cast("ann", "ben");
  const cut = await anotherDevice(server, ben);
  const shaky = createClient({ url: proxy.url });
  clients.push(cut, shaky);
  await shaky.login({ username: ben.me?.username ?? "", password: testPassword });
  await shaky.connect();
  const room = await ann.http.rooms.create({ name: "Busy", type: "public", member_ids: [idOf(ben)] });
  await state(shaky, "the room", ({ rooms }) => room.id in rooms);
  await Promise.all([shaky.timelines.open(room.id), shaky.members.open(room.id)]);
  const heard: number[] = [];
  shaky.onMessage((message) => message.room_id === room.id && heard.push(message.seq));
  const from = shaky.store.getSnapshot().rooms[room.id]?.last_seq ?? 0;
  const sent: Promise<unknown>[] = [];
  for (let round = 0; round < 4; round++) {
    for (let count = 0; count < 10; count++) sent.push(shaky.send(room.id, `shaky ${round}.${count}`).acked);
    proxy.cut();
    for (let count = 0; count < 25; count++) await ann.send(room.id, `ann ${round}.${count}`).acked;
    const guest = await newcomer(server, `passer${round}${clients.length}`);
    clients.push(guest);
    await guest.http.rooms.join(room.id);
    if (round % 2 === 1) await guest.http.rooms.leave(room.id);
    await ann.http.rooms.update(room.id, { name: `Busy ${round}` });
    proxy.restore();
    shaky.connection.retryNow();
    await state(shaky, "connected again", ({ connection }) => connection.status === "ready");
  }
  await Promise.all(sent);
  const fresh = await anotherDevice(server, ben);
  clients.push(fresh);
  await Promise.all([fresh.timelines.open(room.id), fresh.members.open(room.id)]);
  const target = fresh.store.getSnapshot().rooms[room.id];
  const settled = await state(
    shaky,
    "in step",
    ({ rooms, progress, timelines }) =>
      rooms[room.id]?.last_seq === target?.last_seq &&
      progress[room.id]?.behind === false &&
      timelines[room.id]?.messages.at(-1)?.seq === target?.last_seq,
  );
  // How far the others have come is asked for after the window was opened, and comes when it comes.
  expect({ ...settled.rooms[room.id], cursors: undefined }).toEqual({ ...target!, cursors: undefined });
  expect(Object.keys(settled.members[room.id]?.byId ?? {}).sort()).toEqual(
    Object.keys(fresh.store.getSnapshot().members[room.id]?.byId ?? {}).sort(),
  );
  const shown = fresh.store.getSnapshot().timelines[room.id]?.messages ?? [];
  expect(settled.timelines[room.id]?.messages.slice(-shown.length)).toEqual([...shown]);
  expect(settled.pending[room.id] ?? []).toEqual([]);
  const mine = contents(shaky, room.id).filter((content) => content.startsWith("shaky"));
  expect(mine).toEqual([0, 1, 2, 3].flatMap((round) => Array.from({ length: 10 }, (_, n) => `shaky ${round}.${n}`)));
  expect(heard).toEqual(Array.from({ length: (target?.last_seq ?? 0) - from }, (_, index) => from + 1 + index));
  await proxy.stop();
});

test("messages are searched in a room and in all of one's own, and the next page begins where this one ends", async () => {
  const { ann } = await cast("ann");
  const room = await ann.http.rooms.create({ name: "Library", type: "private" });
  for (const content of ["a book of maps", "another book", "我喜歡這本書"]) {
    await ann.http.messages.send(room.id, { content });
  }
  await catchUp(server.context);
  const first = await ann.http.messages.searchRoom(room.id, { q: "book", limit: 1 });
  expect(first.data.map(({ content }) => content)).toEqual(["another book"]);
  expect(first.data[0]?.highlight).toEqual([
    { text: "another ", is_match: false },
    { text: "book", is_match: true },
  ]);
  expect(first.meta).toMatchObject({ has_more: true, oldest_id: first.data[0]?.id });
  const next = await ann.http.messages.search({ q: "book", before: first.meta.oldest_id ?? "", from: idOf(ann) });
  expect(next.data.map(({ content }) => content)).toEqual(["a book of maps"]);
  expect((await ann.http.messages.search({ q: "這本" })).data.length).toBe(1);
  await expect(ann.http.messages.search({ q: "?" })).rejects.toThrow(ApiError);
});
