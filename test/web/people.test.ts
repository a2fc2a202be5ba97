import { afterAll, beforeAll, expect, test } from "bun:test";
import { room } from "../../src/protocol/models.ts";
import { people, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("people on the page", () => {
  let server: TestServer;
  let ann: Person;
  let ben: Person;
  const visit = useBrowsers(() => server);
  beforeAll(async () => {
    server = await startServer();
    ({ ann, ben } = await people(server, "ann", "ben"));
  });
  afterAll(() => server.stop());

  test("two become friends: one asks from the other's page, the other answers from the list", async () => {
    const desk = await visit("ann", { path: "/login" });
    await desk.signIn("ann");
    await desk.go("/people");
    await desk.page.getByText("No friends yet").waitFor();
    await desk.page.getByRole("textbox", { name: "Find people by name" }).fill("be");
    await desk.page.getByRole("link", { name: "ben" }).click();
    await desk.page.getByRole("button", { name: "Add friend" }).click();
    await desk.page.getByRole("textbox", { name: "A line with your request" }).fill("We met at the market");
    await desk.page.getByRole("button", { name: "Send request" }).press("Enter");
    await desk.page.getByText("You have sent a friend request.").waitFor();

    const phone = await visit("ben", { path: "/login", size: "phone", locale: "zh-TW" });
    await phone.signIn("ben");
    await phone.go("/");
    await phone.page.getByRole("link", { name: /聯絡人.*1 則好友邀請/ }).click();
    await phone.page.getByText("We met at the market").waitFor();
    await phone.page.getByRole("button", { name: /接受.*ann/ }).click();
    await phone.page.getByRole("heading", { name: "好友 1" }).waitFor();

    await desk.page.getByRole("button", { name: "Remove friend" }).waitFor();
    await desk.go("/people");
    await desk.page.getByRole("heading", { name: "Friends 1" }).waitFor();
    // By the keyboard alone: to the friend, and to what can be done.
    await desk.page.getByRole("link", { name: "ben" }).press("Enter");
    await desk.page.getByRole("button", { name: "Remove friend" }).press("Enter");
    await desk.page.getByText(/Remove .*ben.* from your friends/).waitFor();
    await desk.page.keyboard.press("Enter");
    await desk.page.getByRole("button", { name: "Add friend" }).waitFor();
    await phone.page.getByText("還沒有好友").waitFor();
  });

  test("who is blocked from their card is hidden at once, and seen again when unblocked in the settings", async () => {
    const body = { name: "Kitchen", type: "public", member_ids: [ben.id] };
    const { id } = (await ann.http("POST", "/rooms", body)).as(room);
    const say = (who: Person, content: string) => who.http("POST", `/rooms/${id}/messages`, { content });
    await say(ben, "salt in the tea");
    await say(ann, "who did that?");
    const desk = await visit("ann", { path: "/login" });
    const { page, log } = desk;
    await desk.signIn("ann");
    await desk.go(`/rooms/${id}`);
    await log.getByText("salt in the tea").waitFor();
    await log.getByRole("button", { name: "ben" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
    await page.getByText(/Block .*ben.*\?/).waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
    await page.getByText("You have blocked this person.").waitFor();
    await page.keyboard.press("Escape");
    await log.getByText("salt in the tea").waitFor({ state: "detached" });
    await say(ben, "and in the coffee");
    await say(ann, "still nobody?");
    await log.getByText("still nobody?").waitFor();
    expect(await log.getByText(/salt|coffee/).count()).toBe(0);

    await desk.go("/settings/blocked");
    await page.getByRole("button", { name: /Unblock .*ben/ }).click();
    await page.getByText("You have blocked nobody.").waitFor();
    await desk.go(`/rooms/${id}`);
    await log.getByText("and in the coffee").waitFor();
    await log.getByText("salt in the tea").waitFor();
  });
});
