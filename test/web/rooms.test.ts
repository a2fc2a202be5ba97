import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { logIn, type Person, person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("rooms on the page", () => {
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

  test("a guest reads public rooms live, is offered to sign in, and sees nothing of private ones", async () => {
    const open = await room("Open air", "public");
    const closed = await room("Closed doors", "private");
    await owner.http("POST", `/rooms/${open}/messages`, { content: "said before" });
    const guest = await visit("ann", { path: "/login" });
    await guest.page.getByRole("link", { name: "Look around without an account" }).click();
    await guest.page
      .getByRole("main")
      .getByRole("link", { name: /^Open air/ })
      .click();
    await guest.messages("said before").waitFor();
    await guest.page.getByText("You are looking around as a guest.").waitFor();
    expect(await guest.composer.count()).toBe(0);
    await owner.http("POST", `/rooms/${open}/messages`, { content: "said live" });
    await guest.messages("said live").waitFor();
    expect(await guest.page.getByText("Closed doors").count()).toBe(0);
    await guest.go(`/rooms/${closed}`);
    await guest.page.getByText("This room does not exist, or you cannot see it.").waitFor();
  });

  test("public rooms are found and joined, and left again", async () => {
    const id = await room("Astronomy club", "public");
    const { page, composer } = await visit("ann", { as: "stargazer", path: "/rooms" });
    await page.getByRole("main").getByLabel("Search public rooms").fill("astro");
    await page.getByRole("button", { name: "Join: Astronomy club" }).click();
    await composer.waitFor();
    expect(page.url()).toEndWith(`/rooms/${id}`);
    await page.getByRole("button", { name: "Details" }).click();
    await page.getByRole("button", { name: "Leave room" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Leave room" }).click();
    await page.getByRole("link", { name: /^Astronomy club/ }).waitFor({ state: "detached" });
  });

  test("an owner promotes and removes; both are seen at once by whom it concerns", async () => {
    const helper = await visit("ben", { as: "helper" });
    const id = await room("Committee", "private", await logIn(server, "helper"));
    const mine = await visit("ann", { path: "/login" });
    await mine.signIn("owner");
    await mine.go(`/rooms/${id}/details`);
    await helper.page.getByRole("link", { name: /^Committee/ }).click();

    await mine.page.getByRole("button", { name: /@helper/ }).click();
    await mine.page.getByRole("button", { name: "Make admin" }).click();
    await mine.page.getByRole("button", { name: /@helper.*Admin/ }).waitFor();
    await helper.log.getByText("made").waitFor();
    await helper.page.getByRole("button", { name: "Details" }).click();
    await helper.page.getByRole("button", { name: "Add people" }).waitFor();

    await mine.page.getByRole("button", { name: /@helper/ }).click();
    await mine.page.getByRole("button", { name: "Remove from room" }).click();
    await mine.page.getByRole("dialog").getByRole("button", { name: "Remove from room" }).click();
    await helper.page.getByText("You are no longer in").waitFor();
    await helper.page.getByRole("link", { name: /^Committee/ }).waitFor({ state: "detached" });
  });

  test("a room is renamed, and deleted only by who types its name", async () => {
    const id = await room("Old name", "public");
    const { page } = await visit("ann", { path: "/login" }).then(async (visited) => {
      await visited.signIn("owner");
      await visited.go(`/rooms/${id}/settings`);
      return visited;
    });
    await page.getByLabel("Name", { exact: true }).fill("New name");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "New name", level: 1 }).waitFor();
    await page.getByRole("log").getByText("renamed the room").waitFor();
    await page.getByRole("button", { name: "Delete room" }).click();
    const dialog = page.getByRole("dialog");
    const confirm = dialog.getByRole("button", { name: "Delete room" });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByRole("textbox").fill("New name");
    await confirm.click();
    await page.getByRole("link", { name: /^New name/ }).waitFor({ state: "detached" });
  });
});
