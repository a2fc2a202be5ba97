import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { type Person, person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { Visit } from "./browser.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("messages with markup", () => {
  let server: TestServer;
  let writer: Person;
  let named = 0;
  const visit = useBrowsers(() => server);

  beforeAll(async () => {
    server = await startServer();
    writer = await person(server, "writer");
  });
  afterAll(() => server.stop());

  async function roomOf(name: string, contents: readonly string[]): Promise<string> {
    const made = await writer.http("POST", "/rooms", { name, description: name, type: "public" });
    const { id } = made.as(z.object({ id: z.string() }));
    for (const content of contents) {
      const answer = await writer.http("POST", `/rooms/${id}/messages`, { content });
      if (answer.status !== 201) throw new Error(`${content.slice(0, 40)}: ${answer.outcome}`);
    }
    return id;
  }

  async function reader(roomId: string): Promise<Visit> {
    const ann = await visit("ann", { as: `reader${++named}`, path: `/rooms/${roomId}` });
    await ann.page.getByRole("button", { name: "Join room" }).click();
    await ann.composer.waitFor();
    return ann;
  }

  const script = "<script>window.hacked = 1</script>";
  const image = '<img src=x onerror="window.hacked = 1">';
  const evil = [
    script,
    image,
    `**${image}**`,
    `> ${script}`,
    `- ${image}`,
    `\`${script}\``,
    `\`\`\`html\n${script}\n\`\`\``,
    "[a](javascript:window.hacked=1) [b](JAVASCRIPT:window.hacked=1) [c](data:text/html,<script>alert(1)</script>)",
    "[d](java\tscript:x) [e](vbscript:x) [f](&#106;avascript:x) [g](file:///etc/passwd) [h](//evil.example)",
    `[${image}](https://example.org) [i](https://example.org/"onmouseover="window.hacked=1)`,
    "![x](https://evil.example/track.png) ![y](javascript:window.hacked=1)",
    "<https://example.org/><iframe src=//evil.example></iframe> <svg onload=window.hacked=1>",
    "[bank.example](https://evil.example/)",
    "&lt;script&gt;window.hacked = 1&lt;/script&gt;",
    "> ".repeat(1_900) + "deep",
    "[".repeat(3_900),
    "*".repeat(3_900),
    "`".repeat(3_900),
    Array.from({ length: 60 }, (_, depth) => `${" ".repeat(depth)}- x`).join("\n"),
  ];

  test("that were made to run or to leave run nothing, load nothing and lead nowhere but to the web and mail", async () => {
    await writer.http("PATCH", "/users/me", { display_name: image });
    const roomId = await roomOf(`Room ${image}`, evil);
    const ann = await reader(roomId);
    const asked: string[] = [];
    ann.page.on("request", (request) => asked.push(request.url()));
    ann.page.on("dialog", (dialog) => ann.errors.push(`a dialog: ${dialog.message()}`));
    await ann.log.getByText("joined").waitFor();
    await ann.log.press("Home");
    await ann.log.getByText(script, { exact: true }).first().waitFor();

    const found = await ann.page.evaluate(() => ({
      hacked: "hacked" in window,
      foreign: document.querySelectorAll(".timeline img, .timeline script, .timeline iframe, .timeline svg[onload]")
        .length,
      handlers: [...document.querySelectorAll("*")].filter((element) =>
        element.getAttributeNames().some((name) => name.startsWith("on")),
      ).length,
      links: [...document.querySelectorAll<HTMLAnchorElement>(".message-text a")].map(({ protocol, rel, target }) =>
        [protocol, rel, target].join(" "),
      ),
      highest: Math.max(...[...document.querySelectorAll(".row")].map(({ clientHeight }) => clientHeight)),
    }));
    expect(found).toMatchObject({ hacked: false, foreign: 0, handlers: 0 });
    expect(new Set(found.links)).toEqual(new Set(["https: noopener noreferrer nofollow _blank"]));
    // What says that it leads elsewhere is no link.
    expect(await ann.log.getByRole("link", { name: "bank.example", exact: true }).count()).toBe(0);
    expect(asked.filter((url) => !url.startsWith(server.url))).toEqual([]);
    await writer.http("PATCH", "/users/me", { display_name: "Writer" });
  });

  test("stand there in bold, as lists, quotations and code, which can be copied", async () => {
    const code = "const a = 1;\n  // **not bold**";
    const roomId = await roomOf("Markup", [
      "**bold** and *slanted* and ~~gone~~ and `code`",
      "> said\nand answered",
      "1. one\n2. two\n   - inside",
      `\`\`\`ts\n${code}\n\`\`\``,
      "🎉",
    ]);
    const ann = await reader(roomId);
    await ann.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const first = ann.messages("bold").first();
    await first.waitFor();
    expect(await first.locator("strong").innerText()).toBe("bold");
    expect(await first.locator("em").innerText()).toBe("slanted");
    expect(await first.locator("del").innerText()).toBe("gone");
    expect(await ann.messages("said").locator("blockquote").innerText()).toBe("said");
    expect(await ann.messages("inside").locator("ol > li").count()).toBe(2);
    expect(await ann.messages("🎉").locator("[data-emoji]").count()).toBe(1);
    const block = ann.log.locator(".code-block");
    expect(await block.locator("pre").innerText()).toBe(code);
    await block.hover();
    await block.getByRole("button", { name: "Copy the code" }).click();
    await block.getByText("Copied").waitFor({ state: "attached" });
    expect(await ann.page.evaluate(() => navigator.clipboard.readText())).toBe(code);
    // The list of rooms tells of it without signs.
    await ann.say("**so it is**");
    await ann.page
      .getByRole("link", { name: /Markup/ })
      .getByText("You: so it is")
      .waitFor();
  });

  test("are written with Ctrl+B, which Ctrl+Z takes back; a draft is marked in the list and goes with its person", async () => {
    const roomId = await roomOf("Drafts", ["hello"]);
    const ann = await reader(roomId);
    await ann.composer.fill("a word");
    await ann.composer.press("Shift+Control+ArrowLeft");
    await ann.composer.press("Control+b");
    expect(await ann.composer.inputValue()).toBe("a **word**");
    await ann.composer.press("Control+z");
    expect(await ann.composer.inputValue()).toBe("a word");

    await ann.go("/rooms");
    await ann.page.locator(".room-row", { hasText: "Drafts" }).getByText("a word").waitFor();
    await ann.go("/settings/account");
    await ann.page.getByRole("button", { name: "Sign out" }).click();
    await ann.page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
    await ann.page.getByLabel("User name or email").waitFor();
    expect(await ann.page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes("draft")))).toEqual([]);
  });
});
