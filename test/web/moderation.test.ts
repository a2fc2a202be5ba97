import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { roomInvite } from "../../src/protocol/models.ts";
import { logIn, person, testPassword, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { axeFindings } from "./axe.ts";
import type { Visit } from "./browser.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("order in a room, on the page", () => {
  let server: TestServer;
  let owner: Person;
  const visit = useBrowsers(() => server);
  beforeAll(async () => {
    server = await startServer();
    owner = await person(server, "owner");
  });
  afterAll(() => server.stop());

  async function room(name: string, type: "public" | "private", ...members: Person[]): Promise<string> {
    const made = await owner.http("POST", "/rooms", { name, type, member_ids: members.map(({ id }) => id) });
    return made.as(z.object({ id: z.string() })).id;
  }

  async function asOwner(path: string, size: "phone" | "desktop" = "desktop"): Promise<Visit> {
    const visited = await visit("ann", { path: "/login", size, still: true });
    await visited.signIn("owner");
    await visited.go(path);
    return visited;
  }

  test("who is muted sees until when in place of the composer, and writes again when it is over", async () => {
    const writer = await visit("ben", { as: "writer" });
    const id = await room("Library", "private", await logIn(server, "writer"));
    await writer.page.getByRole("link", { name: /^Library/ }).click();
    await writer.composer.waitFor();
    const mine = await asOwner(`/rooms/${id}/details`);
    await mine.page.getByRole("button", { name: /@writer/ }).click();
    await mine.page.getByRole("button", { name: "Mute", exact: true }).click();
    await mine.page.getByRole("radio", { name: "10 minutes" }).check();
    expect(await axeFindings(mine.page)).toEqual([]);
    await mine.page.getByRole("dialog").getByRole("button", { name: "Mute", exact: true }).click();
    await writer.page.getByText(/You are muted here until \d/).waitFor();
    expect(await writer.composer.count()).toBe(0);
    await writer.log.getByText(/muted .*until/).waitFor();
    expect(await axeFindings(writer.page)).toEqual([]);
    await mine.page.getByRole("button", { name: /@writer/ }).click();
    await mine.page.getByText(/^Muted until \d/).waitFor();
    await mine.page.getByRole("button", { name: "Let write again" }).click();
    await writer.composer.waitFor();
    await writer.say("thank you");
    await mine.messages("thank you").waitFor();
  });

  test("who is banned is out, their messages with them, until the list of bans lets them in again", async () => {
    const noisy = await visit("ben", { as: "noisy" });
    const account = await logIn(server, "noisy");
    const id = await room("Quiet room", "public", account);
    await account.http("POST", `/rooms/${id}/messages`, { content: "buy my things" });
    await noisy.page.getByRole("link", { name: /^Quiet room/ }).click();
    const mine = await asOwner(`/rooms/${id}/details`);
    await mine.messages("buy my things").waitFor();
    await mine.page.getByRole("button", { name: /@noisy/ }).click();
    await mine.page.getByRole("button", { name: "Ban", exact: true }).click();
    const dialog = mine.page.getByRole("dialog");
    await dialog.getByLabel("Reason").fill("advertising");
    await dialog.getByLabel("Delete all messages they wrote in this room").check();
    expect(await axeFindings(mine.page)).toEqual([]);
    await dialog.getByRole("button", { name: "Ban", exact: true }).click();
    await noisy.page.getByText("You are no longer in").waitFor();
    await mine.messages("buy my things").waitFor({ state: "detached" });
    expect((await account.http("POST", `/rooms/${id}/join`)).outcome).toBe("403 BANNED");

    await mine.page.getByRole("link", { name: "Settings" }).last().click();
    await mine.page.getByText("advertising").waitFor();
    expect(await axeFindings(mine.page)).toEqual([]);
    await mine.page.getByRole("button", { name: /^Unban .*noisy/ }).click();
    await mine.page.getByText("Nobody is banned.").waitFor();
    expect((await account.http("POST", `/rooms/${id}/join`)).outcome).toBe("200");
  });

  test("slow mode counts down beside what one writes", async () => {
    const eager = await visit("ben", { as: "eager", size: "phone" });
    const id = await room("Slow food", "private", await logIn(server, "eager"));
    const mine = await asOwner(`/rooms/${id}/settings`);
    await mine.page.getByLabel("Slow mode").selectOption("30 seconds");
    await mine.page.getByRole("button", { name: "Save" }).click();
    await eager.page.getByRole("link", { name: /^Slow food/ }).click();
    await eager.log.getByText(/slow mode to 30 s/).waitFor();
    await eager.say("first course");
    await eager.messages("first course").waitFor();
    await eager.composer.fill("second course");
    await eager.page.getByText(/^Slow mode: \d+ seconds?$/).waitFor();
    expect(await eager.page.getByRole("button", { name: "Send", exact: true }).isDisabled()).toBe(true);
    expect(await axeFindings(eager.page)).toEqual([]);
    await mine.page.getByLabel("Slow mode").selectOption("Off");
    await mine.page.getByRole("button", { name: "Save" }).click();
    await eager.page.getByRole("button", { name: "Send", exact: true }).click();
    await eager.messages("second course").waitFor();
  });

  test("a link is made, followed through registering, and taken back", async () => {
    const id = await room("Secret garden", "private");
    const mine = await asOwner(`/rooms/${id}/settings`, "phone");
    await mine.page.getByLabel("Number of uses").selectOption("5");
    await mine.page.getByRole("button", { name: "Create link" }).click();
    await mine.page.getByText(/used 0 of 5 times/).waitFor();
    expect(await axeFindings(mine.page)).toEqual([]);
    const [made] = (await owner.http("GET", `/rooms/${id}/invites`)).as(z.array(roomInvite));
    const path = new URL(made?.url ?? "").pathname;

    const newcomer = await visit("ben", { path, size: "phone", still: true });
    await newcomer.page.getByLabel("User name").fill("newcomer");
    await newcomer.page.getByLabel("Password", { exact: true }).fill(testPassword);
    await newcomer.page.getByRole("button", { name: "Create account" }).click();
    await newcomer.page.getByRole("heading", { name: "Secret garden" }).waitFor();
    expect(await axeFindings(newcomer.page)).toEqual([]);
    await newcomer.page.getByRole("button", { name: "Join room" }).click();
    await newcomer.composer.waitFor();
    expect(newcomer.page.url()).toEndWith(`/rooms/${id}`);
    await mine.page.getByRole("button", { name: "Take link back" }).click();
    await mine.page.getByText(/used 0 of 5 times/).waitFor({ state: "detached" });
    await newcomer.go(path);
    await newcomer.page
      .getByRole("link", { name: "Open room" })
      .or(newcomer.page.getByText("no longer valid"))
      .waitFor();
  });

  test("a link is followed through signing in, and one that is none says so", async () => {
    const id = await room("Old friends", "private");
    const made = (await owner.http("POST", `/rooms/${id}/invites`, {})).as(roomInvite);
    await person(server, "friend");
    const friend = await visit("ben", { path: `/invite/${made.code}` });
    await friend.page.getByRole("link", { name: "Sign in" }).click();
    await friend.page.getByLabel("User name or email").fill("friend");
    await friend.page.getByLabel("Password", { exact: true }).fill(testPassword);
    await friend.page.getByRole("button", { name: "Sign in" }).click();
    await friend.page.getByRole("heading", { name: "Old friends" }).waitFor();
    await friend.page.getByRole("button", { name: "Join room" }).click();
    await friend.composer.waitFor();
    await friend.go("/invite/nothing");
    await friend.page.getByText("This invitation is no longer valid").waitFor();
  });
});
