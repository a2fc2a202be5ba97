import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { logIn, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { Visit } from "./browser.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("naming people, and what one is told", () => {
  let server: TestServer;
  let named = 0;
  const visit = useBrowsers(() => server);

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  /** Ann owns a room that ben is in; both look at the page, ben at another room. */
  async function annAndBen(options: { size?: "phone"; locale?: string } = {}) {
    const names = [`ann${++named}`, `ben${named}`] as const;
    const ann = await visit("ann", { as: names[0], ...options });
    const ben = await visit("ben", { as: names[1], ...options });
    const [owner, member] = [await logIn(server, names[0]), await logIn(server, names[1])];
    const body = { name: `Garden ${named}`, type: "private", member_ids: [member.id] };
    const made = await owner.http("POST", "/rooms", body);
    const roomId = made.as(z.object({ id: z.string() })).id;
    await ann.go(`/rooms/${roomId}`);
    await ann.log.waitFor();
    return { ann, ben, owner, member, names, roomId };
  }

  const say = (who: Person, roomId: string, content: string) =>
    who.http("POST", `/rooms/${roomId}/messages`, { content });
  const options = ({ page }: Visit) => page.getByRole("listbox", { name: "People to mention" }).getByRole("option");

  test("an @ offers the members; keys choose one, and the name stands out for who is named", async () => {
    const { ann, ben, names, roomId } = await annAndBen();
    await ann.composer.pressSequentially("Hello @");
    await options(ann).first().waitFor();
    expect(await options(ann).allInnerTexts()).toEqual([
      expect.stringContaining(`@${names[1]}`),
      expect.stringContaining("Everybody in this room"),
    ]);
    await ann.composer.press("ArrowDown");
    await ann.composer.press("ArrowDown");
    const active = await ann.composer.getAttribute("aria-activedescendant");
    expect(await ann.page.locator(`[id="${active}"]`).innerText()).toContain(names[1]);
    await ann.composer.pressSequentially("be");
    await ann.composer.press("Enter");
    expect(await ann.composer.inputValue()).toBe(`Hello @${names[1]} `);
    expect(await options(ann).count()).toBe(0);
    await ann.composer.pressSequentially("and welcome");
    await ann.composer.press("Enter");

    await ben.go(`/rooms/${roomId}`);
    const mine = ben.messages("Hello").locator(".mention");
    await mine.waitFor();
    expect(await mine.innerText()).toBe(`@${names[1]}`);
    expect(await mine.getAttribute("data-self")).not.toBeNull();
    const theirs = ann.messages("Hello").locator(".mention");
    expect(await theirs.getAttribute("data-self")).toBeNull();
    await theirs.click();
    await ann.page.getByRole("dialog").getByText(`@${names[1]}`).first().waitFor();
  });

  test("Escape leaves the text as it is, code names nobody, and who does not run the room is not offered everybody", async () => {
    const { ann, ben, roomId } = await annAndBen();
    await ann.composer.pressSequentially("to @");
    await options(ann).first().waitFor();
    await ann.composer.press("Escape");
    expect(await options(ann).count()).toBe(0);
    await ann.composer.press("Enter");
    await ann.messages("to @").waitFor();
    await ben.go(`/rooms/${roomId}`);
    await ben.composer.pressSequentially("@");
    await options(ben).first().waitFor();
    expect((await options(ben).allInnerTexts()).join()).not.toContain("Everybody");
    await ben.composer.fill("write to me@");
    expect(await options(ben).count()).toBe(0);
  });

  for (const size of ["desktop", "phone"] as const) {
    test(`on a ${size} a mention is counted, listed, led to and read`, async () => {
      const { ben, owner, member, names, roomId } = await annAndBen(size === "phone" ? { size } : {});
      await ben.go(size === "phone" ? "/" : "/settings");
      await ben.page.getByRole("link", { name: /^Alerts/ }).waitFor();
      await say(owner, roomId, `@${names[1]}, the **roses** bloom`);
      if (size === "phone") {
        const row = ben.page.getByRole("link", { name: /^Garden/ });
        await row.filter({ hasText: "1 mention of you" }).waitFor();
      }
      await owner.http("POST", "/friends/requests", { user_id: member.id });
      // One for being added, one for the mention, one for the request.
      await ben.page.getByRole("link", { name: /^Alerts.*3 unread/ }).click();
      const entry = ben.page.getByRole("link", { name: /mentioned you/ });
      await entry.waitFor();
      expect(await entry.innerText()).toContain("the roses bloom");
      await entry.click();
      await ben.messages("roses").waitFor();
      await ben.page.goBack();
      // What was told of the room is read with it.
      await ben.page.getByRole("link", { name: /^Alerts.*1 unread/ }).waitFor();
      await ben.page.getByRole("button", { name: "Mark all as read" }).click();
      await ben.page.getByRole("link", { name: "Alerts", exact: true }).waitFor();
      expect(await ben.page.getByText("Unread", { exact: true }).count()).toBe(0);
    });
  }

  test("a room's level is chosen in its details; a quiet room is not in the title", async () => {
    const { ben, owner, names, roomId } = await annAndBen();
    await ben.go(`/rooms/${roomId}/details`);
    await ben.page.getByRole("button", { name: "Notifications", exact: true }).click();
    await ben.page.getByRole("radio", { name: /^Nothing/ }).check();
    await ben.page.getByRole("dialog").getByRole("button", { name: "Close", exact: true }).last().click();
    await ben.go("/settings");
    const row = ben.page.getByRole("link", { name: /^Garden/ });
    await ben.go("/rooms");
    await row.getByLabel("Notifications off").waitFor();
    await say(owner, roomId, `@${names[1]}`);
    await row.filter({ hasText: "1 unread" }).waitFor();
    expect(await ben.page.title()).not.toMatch(/^\(/);
  });

  test("speaks the person's language", async () => {
    const { ben, owner, names, roomId } = await annAndBen({ locale: "zh-TW" });
    await say(owner, roomId, `@${names[1]} 你好`);
    await ben.go("/notifications");
    await ben.page.getByText("提及了你").waitFor();
    await ben.page.getByRole("button", { name: "全部標為已讀" }).waitFor();
  });
});
