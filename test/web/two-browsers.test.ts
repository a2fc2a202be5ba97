import { afterAll, beforeAll, expect, test } from "bun:test";
import { testPassword } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { Visit } from "./browser.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("two browsers", () => {
  let server: TestServer;
  let named = 0;
  const visit = useBrowsers(() => server);

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  async function annAndBen(size?: "phone"): Promise<{ ann: Visit; ben: Visit; names: [string, string] }> {
    const names: [string, string] = [`ann${++named}`, `ben${named}`];
    const options = size ? { size } : {};
    return {
      ann: await visit("ann", { as: names[0], ...options }),
      ben: await visit("ben", { as: names[1], ...options }),
      names,
    };
  }

  test("register on the page, meet in the lobby, and see each other's messages live", async () => {
    const ann = await visit("ann", { path: "/register" });
    await ann.page.getByLabel("User name").fill("ann");
    await ann.page.getByLabel("Display name").fill("Ann Lee");
    await ann.page.getByLabel("Password", { exact: true }).fill(testPassword);
    await ann.page.getByRole("button", { name: "Create account" }).click();
    await ann.page.getByRole("heading", { name: "Lobby" }).waitFor();
    const ben = await visit("ben", { as: "ben" });
    await ben.page.getByRole("heading", { name: "Lobby" }).waitFor();

    await ann.say("Hello from Ann");
    await ben.messages("Hello from Ann").waitFor();
    expect(await ben.messages("Hello from Ann").innerText()).toContain("Ann Lee");
    await ann.messages("Hello from Ann").getByText("Sent", { exact: true }).waitFor();

    await ben.say("Hello from Ben");
    await ann.messages("Hello from Ben").waitFor();
    // Each message once, also the one's own that was shown before it was stored.
    expect(await ann.messages("Hello from Ann").count()).toBe(1);
    expect(await ben.messages("Hello from Ben").count()).toBe(1);
  });

  test("Shift+Enter breaks the line, markup stays text, addresses can be followed", async () => {
    const { ann, ben } = await annAndBen();
    await ann.composer.fill("<img src=x onerror=alert(1)>");
    await ann.composer.press("Shift+Enter");
    await ann.composer.pressSequentially("see https://example.org/a?b=1.");
    await ann.composer.press("Enter");
    const message = ben.messages("<img src=x");
    await message.waitFor();
    expect(await message.locator("img").count()).toBe(0);
    const link = message.getByRole("link");
    expect(await link.getAttribute("href")).toBe("https://example.org/a?b=1");
    expect(await link.getAttribute("rel")).toBe("noopener noreferrer nofollow");
    expect(await message.locator(".message-text").innerText()).toBe(
      "<img src=x onerror=alert(1)>\nsee https://example.org/a?b=1.",
    );
  });

  test("Enter that ends a composition does not send", async () => {
    const { ann } = await annAndBen();
    await ann.composer.fill("你好");
    await ann.composer.evaluate((area) =>
      area.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, isComposing: true })),
    );
    expect(await ann.composer.inputValue()).toBe("你好");
    await ann.composer.press("Enter");
    await ann.messages("你好").waitFor();
    expect(await ann.composer.inputValue()).toBe("");
  });

  test("a room made for two appears at the other's, who sees what is unread, and reads it", async () => {
    const { ann, ben, names } = await annAndBen("phone");
    await ann.page.getByRole("button", { name: "New room" }).click();
    const dialog = ann.page.getByRole("dialog");
    await dialog.getByLabel("Name", { exact: true }).fill("Plans");
    await dialog.getByText("Private", { exact: true }).click();
    await dialog.getByLabel("Search by name or email").fill(names[1]);
    await dialog.getByRole("button", { name: new RegExp(`@${names[1]}`) }).click();
    await dialog.getByRole("button", { name: "Create room" }).click();

    const row = ben.page.getByRole("link", { name: /^Plans/ });
    await row.waitFor();
    await ann.say("one");
    await ann.say("two");
    await row.filter({ hasText: "2 unread" }).waitFor();
    expect(await row.innerText()).toContain("two");
    await ben.page.waitForFunction(() => document.title.startsWith("("));

    await row.click();
    await ben.messages("one").waitFor();
    await ben.page.getByRole("separator", { name: "New messages" }).waitFor();
    await ben.page.goBack();
    await row.waitFor();
    await row.filter({ hasNotText: "unread" }).waitFor();
    // The whole server agrees, not this page alone.
    await ben.page.reload();
    await row.filter({ hasNotText: "unread" }).waitFor();
    await ben.page.waitForFunction(() => !document.title.startsWith("("));
  });

  test("a draft stays with its room over a reload, and is gone once sent", async () => {
    const { ann } = await annAndBen();
    await ann.composer.fill("not yet finished");
    await ann.page.reload();
    expect(await ann.composer.inputValue()).toBe("not yet finished");
    await ann.composer.press("Enter");
    await ann.messages("not yet finished").waitFor();
    await ann.page.reload();
    await ann.messages("not yet finished").waitFor();
    expect(await ann.composer.inputValue()).toBe("");
  });

  test("the count appears near the limit, turns red past it, and sending is refused with the reason", async () => {
    const { ann } = await annAndBen();
    await ann.composer.fill("字".repeat(3_599));
    expect(await ann.page.getByText("/ 4,000").count()).toBe(0);
    await ann.composer.fill("字".repeat(3_600));
    await ann.page.getByText("3,600 / 4,000").waitFor();
    await ann.composer.fill("字".repeat(4_001));
    await ann.composer.press("Enter");
    await ann.page.getByText("A message may have at most 4,000 characters.").waitFor();
    expect((await ann.composer.inputValue()).length).toBe(4_001);
    // Characters are counted as the server counts them: one for each, whatever its parts.
    await ann.composer.fill("😀".repeat(4_000));
    await ann.composer.press("Enter");
    await ann.messages("😀").getByText("Sent", { exact: true }).waitFor();
  });

  test("signing out ends the page's session, and Back does not bring it again", async () => {
    const { ann } = await annAndBen();
    await ann.page.getByRole("link", { name: "Settings" }).click();
    await ann.page.getByRole("button", { name: "Sign out" }).click();
    await ann.page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
    await ann.page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await ann.page.reload();
    await ann.page.getByRole("heading", { name: "Welcome back" }).waitFor();
  });
});
