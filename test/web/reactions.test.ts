import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { message } from "../../src/protocol/models.ts";
import { type Person, person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { Visit } from "./browser.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("reactions", () => {
  let server: TestServer;
  let writer: Person;
  let roomId: string;
  const visit = useBrowsers(() => server);

  beforeAll(async () => {
    server = await startServer();
    writer = await person(server, "writer");
    const made = await writer.http("POST", "/rooms", { name: "Tea", type: "public" });
    roomId = made.as(z.object({ id: z.string() })).id;
  });
  afterAll(() => server.stop());

  const say = async (content: string) =>
    (await writer.http("POST", `/rooms/${roomId}/messages`, { content })).as(message);

  async function join(name: string, as: string, options: { size?: "phone" } = {}): Promise<Visit> {
    const visitor = await visit(name, { as, path: `/rooms/${roomId}`, ...options });
    await visitor.page.getByRole("button", { name: "Join" }).click();
    await visitor.composer.waitFor();
    return visitor;
  }

  const chip = ({ page }: Visit, name: string) => page.getByRole("button", { name, exact: true });

  test("are given from the six at hand, joined by others with a click, and taken back", async () => {
    const { id } = await say("green tea is ready");
    const drinker = await join("ann", "drinker");
    const other = await join("ben", "other");
    await drinker.messages("green tea is ready").hover();
    await drinker.page.getByRole("button", { name: "React", exact: true }).click();
    await drinker.page.getByRole("group", { name: "Often used" }).getByRole("button", { name: "👍" }).click();
    for (const { page } of [drinker, other]) await page.getByRole("button", { name: "👍, 1 person" }).waitFor();
    expect(await chip(drinker, "👍, 1 person").getAttribute("aria-pressed")).toBe("true");
    expect(await chip(other, "👍, 1 person").getAttribute("aria-pressed")).toBe("false");

    await chip(other, "👍, 1 person").click();
    await chip(drinker, "👍, 2 people").hover();
    await drinker.page.getByRole("tooltip").waitFor();
    expect((await drinker.page.getByRole("tooltip").textContent())?.replace(/[\u2068\u2069]/g, "")).toBe(
      "drinker and other",
    );
    await chip(drinker, "👍, 2 people").click();
    await chip(other, "👍, 1 person").click();
    await other.page.getByRole("list", { name: "Reactions" }).waitFor({ state: "detached" });
    expect((await writer.http("GET", `/messages/${id}/reactions`)).data).toEqual([]);
  });

  test("are found by name and given by the keyboard alone", async () => {
    await say("oolong for everybody");
    const drinker = await join("ann", "keys");
    await drinker.log.getByText(/keys.* joined/).waitFor();
    await drinker.log.focus();
    // The line that tells of their joining comes first.
    await drinker.page.keyboard.press("ArrowUp");
    await drinker.page.locator(".row:focus", { hasText: "joined" }).waitFor();
    await drinker.page.keyboard.press("ArrowUp");
    await drinker.page.locator(".row:focus", { hasText: "oolong for everybody" }).waitFor();
    await drinker.page.keyboard.press("+");
    const search = drinker.page.getByRole("searchbox", { name: "Find an emoji" });
    await search.waitFor();
    await search.fill("teacup");
    await drinker.page.getByRole("gridcell", { name: "teacup without handle" }).waitFor();
    await drinker.page.keyboard.press("ArrowDown");
    await drinker.page.keyboard.press("Enter");
    await chip(drinker, "🍵, 1 person").waitFor();
    await drinker.page.locator(".row:focus", { hasText: "oolong for everybody" }).waitFor();
  });

  test("tell by a long press on a phone who gave them", async () => {
    const { id } = await say("who wants some?");
    await writer.http("PUT", `/messages/${id}/reactions/${encodeURIComponent("🎉")}`);
    const phone = await join("ann", "finger", { size: "phone" });
    const box = await chip(phone, "🎉, 1 person").boundingBox();
    const at = { x: (box?.x ?? 0) + 10, y: (box?.y ?? 0) + 10 };
    const touch = await phone.context.newCDPSession(phone.page);
    await touch.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [at] });
    await phone.page.getByRole("dialog", { name: "Who reacted" }).getByText("@writer").waitFor();
    await touch.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    expect(await chip(phone, "🎉, 1 person").count()).toBe(1);
  });
});

describeInBrowser("emojis while writing", () => {
  let server: TestServer;
  let roomId: string;
  const visit = useBrowsers(() => server);

  beforeAll(async () => {
    server = await startServer();
    const writer = await person(server, "writer");
    roomId = (await writer.http("POST", "/rooms", { name: "Tea", type: "public" })).as(z.object({ id: z.string() })).id;
  });
  afterAll(() => server.stop());

  test("are completed behind a colon, and chosen with the button where the caret is", async () => {
    const { page } = await visit("ann", { as: "typist", path: `/rooms/${roomId}` });
    await page.getByRole("button", { name: "Join" }).click();
    const field = page.getByRole("textbox", { name: "Message to" });
    await field.pressSequentially("at 12:30 :teacu");
    await page.getByRole("option", { name: /teacup/ }).waitFor();
    await field.press("Enter");
    expect(await field.inputValue()).toBe("at 12:30 🍵 ");
    await page.getByRole("button", { name: "Emoji", exact: true }).click();
    await page.getByRole("searchbox", { name: "Find an emoji" }).fill("grinning squinting");
    await page.getByRole("gridcell", { name: "grinning squinting face" }).click();
    expect(await field.inputValue()).toBe("at 12:30 🍵 😆");
    await field.press("!");
    expect(await field.inputValue()).toBe("at 12:30 🍵 😆!");
  });

  test("have names in the person's language", async () => {
    const { page } = await visit("ben", { as: "taipei", path: `/rooms/${roomId}`, locale: "zh-TW" });
    await page.getByRole("button", { name: "加入" }).click();
    const field = page.getByRole("textbox", { name: "傳訊息到" });
    await field.pressSequentially("喝 :茶");
    await page.getByRole("option", { name: /茶/ }).first().waitFor();
    await field.press("Escape");
    await page.getByRole("button", { name: "表情符號", exact: true }).click();
    await page.getByRole("searchbox", { name: "搜尋表情符號" }).fill("茶");
    await page.getByRole("gridcell", { name: /茶/ }).first().click();
    expect(await field.inputValue()).toMatch(/^喝 :茶\p{RGI_Emoji}$/v);
  });
});

describeInBrowser("pins", () => {
  let server: TestServer;
  let owner: Person;
  const visit = useBrowsers(() => server);

  beforeAll(async () => {
    server = await startServer();
    owner = await person(server, "owner");
  });
  afterAll(() => server.stop());

  test("are put up from the menu, seen by all beside the message and in the details, and taken down there", async () => {
    const keeper = await visit("ann", { as: "keeper", path: "/" });
    const signedIn = await owner.http("GET", "/users/search?q=keeper");
    const [found] = signedIn.as(z.array(z.object({ id: z.string() })));
    const made = await owner.http("POST", "/rooms", { name: "Board", type: "public", member_ids: [found?.id] });
    const roomId = made.as(z.object({ id: z.string() })).id;
    await owner.http("POST", `/rooms/${roomId}/transfer`, { user_id: found?.id });
    await owner.http("POST", `/rooms/${roomId}/messages`, { content: "the rules of the house" });
    await keeper.page.goto(`${server.url}/rooms/${roomId}`);
    const reader = await visit("ben", { as: "reader", path: `/rooms/${roomId}` });
    await reader.messages("the rules of the house").waitFor();

    await keeper.messages("the rules of the house").hover();
    await keeper.page.getByRole("button", { name: "More" }).click();
    await keeper.page.getByRole("menuitem", { name: "Pin", exact: true }).click();
    await keeper.messages("the rules of the house").getByText("Pinned", { exact: true }).waitFor();
    await keeper.page.getByRole("button", { name: "Details" }).click();
    const pins = keeper.page.getByRole("region", { name: "Pinned" });
    await pins.getByRole("link", { name: /the rules of the house/ }).click();
    await keeper.page.waitForURL(/\/m\//);

    await reader.page.reload();
    await reader.messages("the rules of the house").getByText("Pinned", { exact: true }).waitFor();
    await reader.messages("the rules of the house").hover();
    await reader.page.getByRole("button", { name: "More" }).click();
    await reader.page.getByRole("menu").waitFor();
    expect(await reader.page.getByRole("menuitem", { name: "Unpin" }).count()).toBe(0);
    await reader.page.keyboard.press("Escape");

    await keeper.page.getByRole("button", { name: "Details" }).click();
    await pins.getByRole("button", { name: "Unpin" }).click();
    await pins.waitFor({ state: "detached" });
    await keeper.messages("the rules of the house").getByText("Pinned", { exact: true }).waitFor({ state: "detached" });
  });
});
