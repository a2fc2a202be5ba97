import { afterAll, beforeAll, expect, test } from "bun:test";
import { startServer, type TestServer } from "../support/server.ts";
import type { Visit } from "./browser.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("conversations of two", () => {
  let server: TestServer;
  let named = 0;
  const visit = useBrowsers(() => server);

  beforeAll(async () => {
    server = await startServer();
    // The client is bundled before the first test's time runs.
    await (await visit("ann")).close();
  }, 120_000);
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

  /** The conversation with somebody in the list. */
  const rowOf = ({ page }: Visit, name: string) => page.locator(".room-row").filter({ hasText: name });

  /** Opens the conversation with somebody whom one finds by name in the list. */
  async function open({ page, size }: Visit, name: string): Promise<void> {
    if (size === "phone") await page.goto(new URL("/", page.url()).href);
    await page.getByRole("textbox", { name: "Search rooms" }).fill(name);
    await page.getByRole("link", { name: new RegExp(`@${name}`) }).click();
    await page.getByRole("heading", { name, exact: true }).waitFor();
  }

  for (const size of ["desktop", "phone"] as const) {
    test(`begin by the first message, with ticks that follow (${size})`, async () => {
      const { ann, ben, names } = await annAndBen(size === "phone" ? "phone" : undefined);
      await open(ann, names[1]);
      expect(ann.page.url()).toMatch(/\/people\/[^/]+\/chat$/);
      await ann.say("Hello, you");
      const sent = ann.messages("Hello, you");
      await sent.waitFor();
      await ann.page.waitForURL(/\/rooms\//);
      await sent.getByText("Delivered", { exact: true }).waitFor();

      if (size === "phone") await ben.go("/");
      const row = rowOf(ben, names[0]);
      await row.waitFor();
      expect(await row.innerText()).toContain("Hello, you");
      await row.click();
      await ben.messages("Hello, you").waitFor();
      await sent.getByText("Read", { exact: true }).waitFor();
      await ben.say("Hello yourself");
      await ann.messages("Hello yourself").waitFor();
      expect(await ann.messages("Hello, you").count()).toBe(1);
    });
  }

  test("who has read a message is told by its menu", async () => {
    const { ann, ben, names } = await annAndBen();
    await open(ann, names[1]);
    await ann.say("Have you read this?");
    await ann.page.waitForURL(/\/rooms\//);
    const row = rowOf(ben, names[0]);
    await row.click();
    const sent = ann.messages("Have you read this?");
    await sent.getByText("Read", { exact: true }).waitFor();
    await sent.hover();
    await sent.getByRole("button", { name: "More" }).click();
    await ann.page.getByRole("menuitem", { name: "Read by" }).click();
    const dialog = ann.page.getByRole("dialog", { name: "Read by" });
    await dialog.getByText("Read by 1 person").waitFor();
    await dialog.getByText(names[1]).waitFor();
    await ann.page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  test("are emptied for oneself, and leave the list until something is said", async () => {
    const { ann, ben, names } = await annAndBen();
    await open(ann, names[1]);
    await ann.say("soon gone");
    await ann.page.waitForURL(/\/rooms\//);
    await ann.page.getByRole("button", { name: "Details" }).click();
    await ann.page.getByRole("button", { name: "Clear conversation" }).click();
    const dialog = ann.page.getByRole("dialog");
    await dialog.getByText("keeps them", { exact: false }).waitFor();
    await dialog.getByRole("button", { name: "Clear conversation" }).click();
    await ann.messages("soon gone").waitFor({ state: "detached" });
    await ann.page.getByRole("textbox", { name: "Search rooms" }).fill("");
    await rowOf(ann, "Lobby").click();
    await rowOf(ann, names[1]).waitFor({ state: "detached" });
    await rowOf(ben, names[0]).click();
    await ben.messages("soon gone").waitFor();
    await ben.say("still here");
    await rowOf(ann, names[1]).click();
    await ann.messages("still here").waitFor();
    expect(await ann.messages("soon gone").count()).toBe(0);
  });

  test("say why one cannot write, and take a message again once one can", async () => {
    const { ann, ben, names } = await annAndBen();
    await ben.go("/settings/privacy");
    await ben.page.getByText("Friends only").click();
    await open(ann, names[1]);
    await ann.say("may I?");
    await ann.page.getByText("takes messages from friends only", { exact: false }).waitFor();
    expect(await ann.composer.count()).toBe(0);
    await ben.page.getByText("Everyone", { exact: true }).click();
    await ann.page.getByRole("button", { name: "Send again" }).click();
    await ann.page.waitForURL(/\/rooms\//);
    await ann.messages("may I?").waitFor();
  });

  test("show no more than two ticks of who keeps their receipts to themselves", async () => {
    const { ann, ben, names } = await annAndBen();
    await ben.go("/settings/privacy");
    await ben.page.getByText("Keep them to myself").click();
    await ben.go("/");
    await open(ann, names[1]);
    await ann.say("seen?");
    await ann.page.waitForURL(/\/rooms\//);
    await rowOf(ben, names[0]).click();
    await ben.messages("seen?").waitFor();
    await ann.messages("seen?").getByText("Delivered", { exact: true }).waitFor();
    await ben.say("an answer");
    await ann.messages("an answer").waitFor();
  });
});
