import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { type Person, person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { Visit } from "./browser.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

const ids = z.object({ id: z.string() });

describeInBrowser("the life of a message", () => {
  let server: TestServer;
  let owner: Person;
  let named = 0;
  const visit = useBrowsers(() => server);

  beforeAll(async () => {
    server = await startServer({ env: { RATE_LIMITS: "off" } });
    owner = await person(server, "olga");
  });
  afterAll(() => server.stop());

  const say = async (roomId: string, content: string, body: object = {}) =>
    (await owner.http("POST", `/rooms/${roomId}/messages`, { content, ...body })).as(ids).id;

  /** A room of the owner's, and somebody who looks at it and is in it. */
  async function inRoom(name: "ann" | "ben", options: { size?: "phone" | "desktop"; roomId?: string } = {}) {
    const { size = "desktop" } = options;
    const made = options.roomId ?? (await owner.http("POST", "/rooms", { name: "Life", type: "public" })).as(ids).id;
    const reader = await visit(name, { as: `${name}${++named}`, path: `/rooms/${made}`, size });
    await reader.page.getByRole("button", { name: "Join room" }).click();
    await reader.composer.waitFor();
    return { reader, roomId: made };
  }

  async function choose(reader: Visit, message: string, action: string): Promise<void> {
    await reader.messages(message).hover();
    await reader.page.getByRole("button", { name: "More" }).click();
    await reader.page.getByRole("menuitem", { name: action }).click();
  }

  test("one edits one's last message with the arrow key, and everybody sees it; the draft is there again", async () => {
    const { reader, roomId } = await inRoom("ann");
    const other = (await inRoom("ben", { roomId })).reader;
    await reader.say("a mistak");
    await reader.messages("a mistak").waitFor();
    await reader.composer.press("ArrowUp");
    await reader.page.getByText("Editing your message").waitFor();
    expect(await reader.composer.inputValue()).toBe("a mistak");
    await reader.composer.fill("a mistake");
    await reader.composer.press("Enter");
    for (const each of [reader, other]) await each.messages("a mistake").getByText("edited").waitFor();
    await reader.page.getByText("Editing your message").waitFor({ state: "detached" });
    await reader.composer.fill("begun");
    await choose(reader, "a mistake", "Edit");
    expect(await reader.composer.inputValue()).toBe("a mistake");
    await reader.composer.press("Escape");
    expect(await reader.composer.inputValue()).toBe("begun");
    await reader.page.locator(".composer-input:focus").waitFor();
  });

  test("one answers by R; the answer shows what it answers, leads there and back, and follows it", async () => {
    const { reader, roomId } = await inRoom("ann");
    const asked = await say(roomId, "what is this?");
    for (let n = 0; n < 60; n++) await say(roomId, `line ${n}\nand more\nand more`);
    await reader.go(`/rooms/${roomId}/m/${asked}`);
    await reader.messages("what is this?").waitFor();
    await reader.messages("what is this?").hover();
    await reader.page.getByRole("button", { name: "Reply", exact: true }).click();
    await reader.page.getByText(/Replying to .*olga/).waitFor();
    await reader.say("an answer");
    const answer = reader.messages("an answer");
    await answer.waitFor();
    await reader.page.getByText(/Replying to .*olga/).waitFor({ state: "detached" });
    const quote = answer.getByRole("button", { name: /In reply to .*olga.*what is this\?/ });
    await quote.click();
    await reader.page.locator(".message[data-flash]", { hasText: "what is this?" }).waitFor();
    await reader.page.getByRole("button", { name: "Back to where you were" }).click();
    await answer.waitFor();
    await owner.http("PATCH", `/messages/${asked}`, { content: "what **was** this?" });
    await answer.getByText("what was this?").waitFor();
    await owner.http("DELETE", `/messages/${asked}`);
    await answer.getByText("The message is gone").waitFor();
  });

  test("the keyboard replies, edits and deletes", async () => {
    const { reader } = await inRoom("ann");
    await reader.say("by keys");
    await reader.messages("by keys").waitFor();
    const row = reader.page.locator(".row", { hasText: "by keys" });
    await reader.pressOn(row, "r");
    await reader.page.getByText("Replying to yourself").waitFor();
    expect(await reader.composer.inputValue()).toBe("");
    await reader.composer.press("Escape");
    await reader.pressOn(row, "e");
    await reader.page.getByText("Editing your message").waitFor();
    expect(await reader.composer.inputValue()).toBe("by keys");
    await reader.composer.press("Escape");
    await reader.pressOn(row, "Delete");
    await reader.page.getByRole("dialog", { name: "Delete this message?" }).waitFor();
    await reader.page.getByRole("button", { name: "Delete for everyone" }).click();
    await reader.log.getByText("This message was deleted").waitFor();
    await reader.page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await reader.page.evaluate(() => document.activeElement?.className)).toContain("row");
  });

  test("recalling says who did it, hiding leaves a stub to oneself alone", async () => {
    const { reader, roomId } = await inRoom("ann");
    const other = (await inRoom("ben", { roomId })).reader;
    await reader.say("not this");
    await other.messages("not this").waitFor();
    await choose(reader, "not this", "Recall");
    await reader.log.getByText("You recalled a message").waitFor();
    await other.log.getByText(/ann\d+.* recalled a message$/).waitFor();
    await reader.say("for one of us");
    await choose(other, "for one of us", "Delete…");
    expect(await other.page.getByRole("button", { name: "Delete for everyone" }).count()).toBe(0);
    await other.page.getByRole("button", { name: "Delete for me" }).click();
    await other.messages("for one of us").waitFor({ state: "detached" });
    expect(await reader.messages("for one of us").count()).toBe(1);
  });

  test("who runs the room sees what a message said before, and deletes what others wrote", async () => {
    const made = (await owner.http("POST", "/rooms", { name: "Order", type: "public" })).as(ids).id;
    const reader = await visit("ann", { path: "/" });
    await reader.signIn("olga");
    const writer = (await inRoom("ben", { roomId: made })).reader;
    await reader.go(`/rooms/${made}`);
    await writer.say("rude");
    await writer.messages("rude").waitFor();
    await writer.composer.press("ArrowUp");
    await writer.composer.fill("polite");
    await writer.composer.press("Enter");
    await reader.messages("polite").waitFor();
    await choose(reader, "polite", "Former versions");
    const dialog = reader.page.getByRole("dialog", { name: "Former versions" });
    await dialog.getByText("rude").waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();
    await choose(reader, "polite", "Delete…");
    await reader.page.getByRole("button", { name: "Delete for everyone" }).click();
    await writer.log.getByText("This message was deleted").waitFor();
  });

  test("a phone replies by the menu, and a reply that waits survives a reload", async () => {
    const { reader, roomId } = await inRoom("ann", { size: "phone" });
    await say(roomId, "are you there?");
    await reader.messages("are you there?").waitFor();
    const box = await reader.messages("are you there?").boundingBox();
    const touch = await reader.context.newCDPSession(reader.page);
    const at = { x: (box?.x ?? 0) + 80, y: (box?.y ?? 0) + 30 };
    await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [at] });
    await reader.page.getByRole("menuitem", { name: "Reply" }).waitFor();
    await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await reader.page.getByRole("menuitem", { name: "Reply" }).tap();
    await reader.page.getByText(/Replying to .*olga/).waitFor();
    await reader.context.setOffline(true);
    await reader.say("not yet");
    await reader.messages("not yet").getByText("are you there?").waitFor();
    await reader.context.setOffline(false);
    await reader.page.reload();
    await reader
      .messages("not yet")
      .getByRole("button", { name: /In reply to .*olga.*are you there\?/ })
      .waitFor();
  });
});
