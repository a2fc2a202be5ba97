import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { type Person, person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("the menu of a message", () => {
  let server: TestServer;
  let writer: Person;
  let roomId: string;
  const visit = useBrowsers(() => server);

  beforeAll(async () => {
    server = await startServer();
    writer = await person(server, "writer");
    const made = await writer.http("POST", "/rooms", { name: "Menu", type: "public" });
    roomId = made.as(z.object({ id: z.string() })).id;
    await writer.http("POST", `/rooms/${roomId}/messages`, { content: "to be copied" });
  });
  afterAll(() => server.stop());

  test("opens by the button beside it, and copies the text", async () => {
    const reader = await visit("ann", { as: "mouse", path: `/rooms/${roomId}` });
    await reader.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await reader.messages("to be copied").hover();
    await reader.page.getByRole("button", { name: "More" }).click();
    await reader.page.getByRole("menuitem", { name: "Copy text" }).click();
    await reader.page.getByText("Text copied").waitFor();
    expect(await reader.page.evaluate(() => navigator.clipboard.readText())).toBe("to be copied");
    expect(await reader.page.getByRole("menu").count()).toBe(0);
  });

  test("opens by Enter, goes by Escape, and gives the focus back", async () => {
    const reader = await visit("ann", { as: "keys", path: `/rooms/${roomId}` });
    await reader.messages("to be copied").waitFor();
    await reader.log.focus();
    await reader.page.keyboard.press("ArrowUp");
    const focused = () => reader.page.evaluate(() => document.activeElement?.textContent ?? "");
    await reader.page.locator(".row:focus", { hasText: "to be copied" }).waitFor();
    await reader.page.keyboard.press("Enter");
    await reader.page.getByRole("menu").waitFor();
    expect(await focused()).toContain("Copy text");
    await reader.page.keyboard.press("Escape");
    await reader.page.getByRole("menu").waitFor({ state: "detached" });
    expect(await focused()).toContain("to be copied");
  });

  test("opens by a long press, at the foot of a phone", async () => {
    const reader = await visit("ann", { as: "finger", path: `/rooms/${roomId}`, size: "phone" });
    await reader.messages("to be copied").waitFor();
    const box = await reader.messages("to be copied").boundingBox();
    const at = { x: (box?.x ?? 0) + 80, y: (box?.y ?? 0) + 30 };
    const touch = await reader.context.newCDPSession(reader.page);
    await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [at] });
    await reader.page.getByRole("menuitem", { name: "Copy text" }).waitFor();
    await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    const menu = await reader.page.getByRole("dialog").boundingBox();
    expect((menu?.y ?? 0) + (menu?.height ?? 0)).toBe(844);
    expect(menu?.width).toBe(390);
  });
});
