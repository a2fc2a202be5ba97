import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { catchUp } from "../../src/server/search/indexer.ts";
import { people, person, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { axeFindings } from "./axe.ts";
import type { Visit } from "./browser.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("axe finds nothing", () => {
  let server: TestServer;
  let roomId: string;
  let ownerId: string;
  let directId: string;
  let strangerId: string;
  let workshopId: string;
  let inviteCode: string;
  const visit = useBrowsers(() => server);

  beforeAll(async () => {
    server = await startServer();
    const { owner, member } = await people(server, "owner", "member");
    ownerId = owner.id;
    const dora = await person(server, "dora");
    await dora.http("POST", "/friends/requests", { user_id: member.id, message: "We met yesterday" });
    const elsa = await person(server, "elsa");
    await elsa.http("POST", "/friends/requests", { user_id: member.id });
    await member.http("POST", "/friends/requests", { user_id: elsa.id });
    await member.http("PUT", `/blocks/${(await person(server, "fred")).id}`);
    const made = await owner.http("POST", "/rooms", { name: "Garden", type: "public", description: "Seeds and soil" });
    roomId = made.as(z.object({ id: z.string() })).id;
    const lobby = (await owner.http("GET", "/rooms?type=joined")).as(z.array(z.looseObject({ id: z.string() })));
    const say = async (by: Person, content: string) => {
      for (const room of [roomId, ...lobby.map(({ id }) => id)]) {
        await by.http("POST", `/rooms/${room}/messages`, { content });
      }
    };
    await member.http("POST", `/rooms/${roomId}/join`);
    await say(owner, "Hello, see https://example.org/path");
    await say(member, "你好\nשלום");
    const page = await owner.http("GET", `/rooms/${roomId}/messages`);
    const first = page
      .as(z.array(z.object({ id: z.string(), content: z.string() })))
      .find(({ content }) => content.startsWith("Hello"));
    for (const emoji of ["👍", "🎉"]) {
      await owner.http("PUT", `/messages/${first?.id}/reactions/${encodeURIComponent(emoji)}`);
    }
    await member.http("PUT", `/messages/${first?.id}/reactions/${encodeURIComponent("👍")}`);
    await owner.http("PUT", `/rooms/${roomId}/pins/${first?.id}`);
    const told = await member.http("POST", `/direct-messages/${owner.id}`, { content: "Between us" });
    directId = told.as(z.object({ room_id: z.string() })).room_id;
    strangerId = (await person(server, "stranger")).id;
    const workshop = await member.http("POST", "/rooms", { name: "Workshop", type: "private", member_ids: [elsa.id] });
    workshopId = workshop.as(z.object({ id: z.string() })).id;
    await member.http("POST", `/rooms/${workshopId}/invites`, { max_uses: 5 });
    await member.http("PUT", `/rooms/${workshopId}/bans/${strangerId}`, { reason: "Noise" });
    const link = await owner.http("POST", `/rooms/${roomId}/invites`, {});
    inviteCode = link.as(z.object({ code: z.string() })).code;
    await say(owner, "@member, @all: `code`");
    const asked = await owner.http("POST", `/rooms/${roomId}/messages`, { content: "Who waters?" });
    const { id: reply_to_id } = asked.as(z.object({ id: z.string() }));
    const answered = await member.http("POST", `/rooms/${roomId}/messages`, { content: "I di", reply_to_id });
    const answer = answered.as(z.object({ id: z.string() })).id;
    await member.http("PATCH", `/messages/${answer}`, { content: "I did" });
    const gone = await member.http("POST", `/rooms/${roomId}/messages`, { content: "Sorry" });
    await member.http("PUT", `/messages/${gone.as(z.object({ id: z.string() })).id}/recall`);
    await catchUp(server.context);
  });
  afterAll(() => server.stop());

  interface Place {
    path: string;
    /** What is there once the place is. */
    shows: string | RegExp;
    signedIn?: boolean;
    act?(visit: Visit): Promise<void>;
  }
  const places: Record<string, Place> = {
    "sign in": { path: "/login", shows: "Welcome back" },
    register: {
      path: "/register",
      shows: "Create your account",
      act: ({ page }) => page.getByRole("button", { name: "Create account" }).click(),
    },
    "set-up": { path: "/setup#code", shows: "Set up this server" },
    "forgotten password": { path: "/reset", shows: "Reset your password" },
    "new password": { path: "/reset#token", shows: "Choose a new password" },
    "email verified": { path: "/verify#token", shows: "Email address" },
    "public rooms for a guest": { path: "/rooms", shows: "Discover rooms" },
    "a room for a guest": { path: "/rooms/ROOM", shows: "Garden" },
    chats: { path: "/", shows: /^(Chats|Lobby)$/, signedIn: true },
    "a room": { path: "/rooms/ROOM", shows: "Garden", signedIn: true },
    "the menu of a message": {
      path: "/rooms/ROOM",
      shows: "Garden",
      signedIn: true,
      act: async (looker) => {
        await looker.pressOn(looker.log.locator(".row", { hasText: "I did" }), "Enter");
        await looker.page.getByRole("menu").waitFor();
      },
    },
    "a reply being written": {
      path: "/rooms/ROOM",
      shows: "Garden",
      signedIn: true,
      act: async (looker) => {
        await looker.pressOn(looker.log.locator(".row", { hasText: "I did" }), "r");
        await looker.page.getByText("Replying to").waitFor();
      },
    },
    "a message being deleted": {
      path: "/rooms/ROOM",
      shows: "Garden",
      signedIn: true,
      act: async (looker) => {
        await looker.pressOn(looker.log.locator(".row", { hasText: "I did" }), "Delete");
        await looker.page.getByRole("dialog", { name: "Delete this message?" }).waitFor();
      },
    },
    "a room's details": { path: "/rooms/ROOM/details", shows: "Details", signedIn: true },
    "a room's settings": {
      path: "/rooms/WORKSHOP/settings",
      shows: "Room settings",
      signedIn: true,
      act: ({ page }) => page.getByText("Noise").waitFor(),
    },
    "banning somebody": {
      path: "/rooms/WORKSHOP/details",
      shows: "Details",
      signedIn: true,
      act: async ({ page }) => {
        await page.getByRole("button", { name: /@elsa/ }).click();
        await page.getByRole("button", { name: "Ban", exact: true }).click();
        await page.getByRole("checkbox").waitFor();
      },
    },
    "an invitation": { path: "/invite/INVITE", shows: "Garden", signedIn: true },
    "an invitation for a newcomer": { path: "/invite/INVITE", shows: "Create your account" },
    "an invitation that is none": { path: "/invite/none", shows: "This invitation is no longer valid", signedIn: true },
    "new room": {
      path: "/",
      shows: /^(Chats|Lobby)$/,
      signedIn: true,
      act: async ({ page }) => {
        await page.getByRole("button", { name: "New room" }).click();
        await page.getByRole("heading", { name: "New room" }).waitFor();
      },
    },
    discover: { path: "/rooms", shows: "Discover rooms", signedIn: true },
    search: {
      path: "/search?q=hello",
      shows: "Search messages",
      signedIn: true,
      act: ({ page }) => page.getByRole("list", { name: "Messages found" }).waitFor(),
    },
    "search in a room": {
      path: "/search?q=zzz&room=ROOM",
      shows: "Search messages",
      signedIn: true,
      act: ({ page }) => page.getByText("No message with").waitFor(),
    },
    notifications: {
      path: "/notifications",
      shows: "Notifications",
      signedIn: true,
      act: ({ page }) => page.getByRole("list", { name: "Notifications" }).waitFor(),
    },
    "naming somebody": {
      path: "/rooms/ROOM",
      shows: "Garden",
      signedIn: true,
      act: async ({ composer, page }) => {
        await composer.fill("@");
        await page.getByRole("option").first().waitFor();
      },
    },
    "a picker of emojis": {
      path: "/rooms/ROOM",
      shows: "Garden",
      signedIn: true,
      act: async ({ page }) => {
        await page.getByRole("button", { name: "Emoji", exact: true }).click();
        await page.getByRole("gridcell").first().waitFor();
      },
    },
    "who reacted": {
      path: "/rooms/ROOM",
      shows: "Garden",
      signedIn: true,
      act: async (looker) => {
        const { page } = looker;
        await page.getByRole("button", { name: "👍, 2 people" }).waitFor();
        await looker.pressOn(looker.log.locator(".row", { hasText: "👍" }).first(), "Enter");
        await page.getByRole("menuitem", { name: "Who reacted" }).click();
        await page.getByRole("dialog").getByText("@owner").first().waitFor();
      },
    },
    "emojis by name": {
      path: "/rooms/ROOM",
      shows: "Garden",
      signedIn: true,
      act: async ({ composer, page }) => {
        await composer.fill(":tea");
        await page.getByRole("option").first().waitFor();
      },
    },
    "a room's level": {
      path: "/rooms/ROOM/details",
      shows: "Details",
      signedIn: true,
      act: async ({ page }) => {
        await page.getByRole("button", { name: "Notifications", exact: true }).click();
        await page.getByRole("radio", { name: /^Nothing/ }).waitFor();
      },
    },
    people: { path: "/people", shows: "People", signedIn: true },
    "people found": {
      path: "/people",
      shows: "People",
      signedIn: true,
      act: async ({ page }) => {
        await page.getByRole("textbox", { name: "Find people by name" }).fill("own");
        await page.getByRole("link", { name: "owner @owner" }).waitFor();
      },
    },
    "somebody's page": {
      path: "/people/OWNER",
      shows: "Profile",
      signedIn: true,
      act: ({ page }) => page.getByRole("button", { name: "Add friend" }).waitFor(),
    },
    "somebody's card": {
      path: "/rooms/ROOM",
      shows: "Garden",
      signedIn: true,
      act: async ({ page }) => {
        await page.getByRole("log").getByRole("button", { name: "owner" }).first().click();
        await page.getByRole("button", { name: "Block" }).click();
        await page.getByText(/Block .*owner.*\?/).waitFor();
      },
    },
    blocked: { path: "/settings/blocked", shows: "Blocked people", signedIn: true },
    "a conversation": { path: "/rooms/DIRECT", shows: "owner", signedIn: true },
    "a conversation's details": {
      path: "/rooms/DIRECT/details",
      shows: "Details",
      signedIn: true,
      act: async ({ page }) => {
        await page.getByRole("button", { name: "Clear conversation" }).click();
        await page.getByText("keeps them").waitFor();
      },
    },
    "a first message": { path: "/people/STRANGER/chat", shows: "stranger", signedIn: true },
    "people in the list": {
      path: "/",
      shows: /^(Chats|Lobby)$/,
      signedIn: true,
      act: async ({ page }) => {
        await page.getByRole("textbox", { name: "Search rooms" }).fill("stranger");
        await page.getByRole("link", { name: /@stranger/ }).waitFor();
      },
    },
    "read by": {
      path: "/rooms/DIRECT",
      shows: "owner",
      signedIn: true,
      act: async (looker) => {
        const { page } = looker;
        await looker.pressOn(looker.log.locator(".row", { hasText: "Between us" }), "Enter");
        await page.getByRole("menuitem", { name: "Read by" }).click();
        await page.getByText("Read by 0 people").waitFor();
      },
    },
    privacy: { path: "/settings/privacy", shows: "Privacy", signedIn: true },
    settings: { path: "/settings", shows: "Settings", signedIn: true },
    "one's status": {
      path: "/settings",
      shows: "Settings",
      signedIn: true,
      act: async ({ page }) => {
        await page.locator(".settings-status").click();
        await page.getByRole("heading", { name: "Your status" }).waitFor();
      },
    },
    profile: { path: "/settings/profile", shows: "Profile", signedIn: true },
    appearance: { path: "/settings/appearance", shows: "Appearance and language", signedIn: true },
    account: { path: "/settings/account", shows: "Email and password", signedIn: true },
    devices: { path: "/settings/devices", shows: "Devices", signedIn: true },
    nothing: { path: "/settings/nothing", shows: "There is nothing here", signedIn: true },
  };
  const pathOf = (path: string) =>
    path
      .replace("ROOM", roomId)
      .replace("OWNER", ownerId)
      .replace("DIRECT", directId)
      .replace("STRANGER", strangerId)
      .replace("WORKSHOP", workshopId)
      .replace("INVITE", inviteCode);
  test.each(["phone", "desktop"] as const)(
    "on a %s",
    async (size) => {
      const guest = await visit("ann", { path: "/login", size, scheme: "light", still: true });
      const members: Visit[] = [];
      for (const name of ["ben", "ann"]) {
        const member = await visit(name, { path: "/login", size, scheme: "light", still: true });
        await member.signIn("member");
        members.push(member);
      }
      const found: string[] = [];
      const walk = async (looker: Visit, among: [string, Place][]) => {
        const { page } = looker;
        const look = async (name: string, rules?: string[]) => {
          found.push(...(await axeFindings(page, rules)).map((finding) => `${name}: ${finding}`));
        };
        for (const [name, place] of among) {
          await page.goto("about:blank"); // a fragment alone is no new page
          await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
          await looker.go(pathOf(place.path));
          await page.getByRole("heading", { name: place.shows, level: 1 }).first().waitFor();
          await place.act?.(looker);
          await look(`${name}, light`);
          // The other scheme has other colours and nothing else, whatever the size.
          if (size === "phone") continue;
          await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
          await look(`${name}, dark`, ["color-contrast"]);
        }
      };
      const all = Object.entries(places);
      const own = all.filter(([, { signedIn }]) => signedIn);
      await Promise.all([
        walk(
          guest,
          all.filter(([, { signedIn }]) => !signedIn),
        ),
        ...members.map((member, turn) =>
          walk(
            member,
            own.filter((_, index) => index % members.length === turn),
          ),
        ),
      ]);
      expect(found).toEqual([]);
    },
    240_000,
  );
});
