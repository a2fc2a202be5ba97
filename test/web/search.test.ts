import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { catchUp } from "../../src/server/search/indexer.ts";
import { type Person, person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { Visit } from "./browser.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("searching on the page", () => {
  let server: TestServer;
  let writer: Person;
  let roomId: string;
  const visit = useBrowsers(() => server);
  const ids = z.object({ id: z.string() });

  beforeAll(async () => {
    server = await startServer();
    writer = await person(server, "writer");
    roomId = (await writer.http("POST", "/rooms", { name: "Kitchen", type: "public" })).as(ids).id;
    const lobby = (await writer.http("GET", "/rooms?type=joined")).as(z.array(ids.extend({ is_lobby: z.boolean() })));
    const say = (room: string, content: string) => writer.http("POST", `/rooms/${room}/messages`, { content });
    await say(roomId, "我喜歡牛肉麵，<b>加辣</b> & soup");
    for (let number = 1; number <= 120; number++)
      await say(roomId, `recipe ${number} ${"and so on ".repeat(number % 9)}`);
    await say(lobby.find(({ is_lobby }) => is_lobby)?.id ?? "", "recipe for everybody");
    await catchUp(server.context);
  });
  afterAll(() => server.stop());

  async function member(name: string, size: "phone" | "desktop" = "desktop", path = "/"): Promise<Visit> {
    const visited = await visit("ann", { as: name, size, path: `/rooms/${roomId}` });
    await visited.page.getByRole("button", { name: "Join room" }).click();
    await visited.composer.waitFor();
    await visited.go(path);
    return visited;
  }
  const box = ({ page }: Visit) => page.getByRole("main").getByRole("textbox", { name: "Search messages" });
  const hits = ({ page }: Visit) => page.getByRole("list", { name: "Messages found" }).getByRole("link");

  test("in a room: the find leads to its place in the conversation, and Back to the finds as they were", async () => {
    const reader = await member("reader", "desktop", `/rooms/${roomId}`);
    await reader.page.getByRole("link", { name: "Search in this room" }).click();
    await reader.page.getByText("In \u2068Kitchen\u2069").waitFor();
    await box(reader).fill("牛肉");
    await hits(reader).filter({ hasText: "我喜歡牛肉麵" }).waitFor();
    expect(await hits(reader).locator("mark").allTextContents()).toEqual(["牛肉"]);
    // What somebody wrote is text, whatever it looks like.
    expect(await hits(reader).textContent()).toContain("<b>加辣</b> & soup");
    await reader.page.waitForURL(/\?q=%E7%89%9B%E8%82%89&room=/);
    await hits(reader).click();
    await reader.messages("我喜歡牛肉麵").waitFor();
    expect(reader.page.url()).toContain("/m/");
    await reader.page.goBack();
    await hits(reader).waitFor();
    expect(await box(reader).inputValue()).toBe("牛肉");
    await reader.page.waitForFunction(() => document.activeElement?.hasAttribute("data-hit"));
  });

  test("in all rooms: newest first, more on demand, and nothing is said plainly", async () => {
    const reader = await member("seeker");
    await reader.page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Search" }).click();
    await box(reader).fill("recipe");
    await hits(reader).first().waitFor();
    expect(await hits(reader).first().textContent()).toContain("Lobby");
    expect(await hits(reader).count()).toBe(50);
    await reader.page.getByRole("status").getByText("more than 50 messages").waitFor({ state: "attached" });
    await reader.page.getByRole("button", { name: "Show more" }).click();
    await hits(reader).nth(99).waitFor();
    await reader.page.getByRole("button", { name: "Show more" }).click();
    await reader.page.getByRole("status").getByText("121 messages").waitFor({ state: "attached" });
    expect(await reader.page.getByRole("button", { name: "Show more" }).count()).toBe(0);
    await box(reader).fill("recipe 12");
    await reader.page.getByRole("status").getByText("2 messages").waitFor({ state: "attached" });
    await box(reader).fill("zabaglione");
    await reader.page.getByText("No message with “\u2068zabaglione\u2069”").waitFor();
    await box(reader).fill("!!");
    await reader.page.getByRole("alert").getByText("letter").waitFor();
  });

  test("by keyboard alone: down into the finds, among them, up again, and Enter opens", async () => {
    const reader = await member("typist", "desktop", "/search?q=recipe+120");
    await hits(reader).first().waitFor();
    const { keyboard } = reader.page;
    const focused = () => reader.page.evaluate(() => document.activeElement?.tagName);
    await reader.page.waitForFunction(() => document.activeElement?.tagName === "INPUT");
    await keyboard.press("ArrowDown");
    expect(await focused()).toBe("A");
    await keyboard.press("ArrowUp");
    expect(await focused()).toBe("INPUT");
    await keyboard.press("ArrowDown");
    await keyboard.press("Escape");
    expect(await focused()).toBe("INPUT");
    await keyboard.press("ArrowDown");
    await keyboard.press("Enter");
    await reader.messages("recipe 120").waitFor();
  });

  test("the list of rooms offers to search messages; on a phone the finds have the screen", async () => {
    const reader = await member("walker", "phone");
    await reader.page.getByRole("textbox", { name: "Search rooms" }).fill("牛肉麵");
    await reader.page.getByRole("link", { name: /^Search messages for/ }).click();
    await hits(reader).click();
    await reader.messages("我喜歡牛肉麵").waitFor();
    await reader.page.getByRole("button", { name: "Back" }).click();
    await hits(reader).waitFor();
  });

  test("a guest searches a public room, and nothing else", async () => {
    const guest = await visit("ben", { path: `/rooms/${roomId}` });
    await guest.page.getByRole("link", { name: "Search in this room" }).click();
    await box(guest).fill("牛肉");
    await hits(guest).waitFor();
    expect(await guest.page.getByRole("button", { name: "Search all rooms" }).count()).toBe(0);
    await guest.go("/search?q=recipe");
    await guest.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  });
});
