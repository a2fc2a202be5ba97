import { afterAll, beforeAll, expect, test } from "bun:test";
import { z } from "zod";
import { type Person, person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { Visit } from "./browser.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("a long timeline", () => {
  let server: TestServer;
  let writer: Person;
  let named = 0;
  const visit = useBrowsers(() => server);

  beforeAll(async () => {
    server = await startServer();
    writer = await person(server, "writer");
  });
  afterAll(() => server.stop());

  const ids = z.object({ id: z.string() });
  const textOf = (n: number) => `message ${n} ${"and more ".repeat((n * 7) % 23)}`;

  async function send(roomId: string, from: number, to: number): Promise<string[]> {
    const sent: string[] = [];
    for (let n = from; n <= to; n++) {
      const answer = await writer.http("POST", `/rooms/${roomId}/messages`, { content: textOf(n) });
      sent.push(answer.as(ids).id);
    }
    return sent;
  }

  /** A public room of the writer's with `count` messages. */
  async function roomWith(count: number): Promise<{ roomId: string; messageIds: string[] }> {
    const made = await writer.http("POST", "/rooms", { name: `Room ${++named}`, type: "public" });
    const { id } = made.as(ids);
    return { roomId: id, messageIds: await send(id, 1, count) };
  }

  /** Somebody who joined when the room had its first `count` messages. */
  async function joined(roomId: string, size: "phone" | "desktop" = "desktop"): Promise<Visit> {
    const reader = await visit("ann", { as: `reader${++named}`, path: `/rooms/${roomId}`, size });
    await reader.page.getByRole("button", { name: "Join room" }).click();
    await reader.composer.waitFor();
    await reader.log.getByText("joined").waitFor();
    return reader;
  }

  const message = (reader: Visit, n: number) => reader.log.getByText(new RegExp(`^message ${n}( |$)`));
  const top = async (reader: Visit, n: number) => (await message(reader, n).boundingBox())?.y ?? Number.NaN;

  /** What of the list is in the document, and where. */
  const rowsOf = (reader: Visit) =>
    reader.log.evaluate((log) => ({
      scrollTop: log.scrollTop,
      height: log.scrollHeight,
      rows: [...log.querySelectorAll<HTMLElement>("[data-key]")].map((row) => ({
        key: row.dataset["key"] ?? "",
        y: row.getBoundingClientRect().top,
      })),
    }));

  /** Turns the wheel, and waits until the list has stood still for some pictures. */
  async function wheel(reader: Visit, pixels: number): Promise<void> {
    await reader.log.hover();
    await reader.page.mouse.wheel(0, pixels);
    await atRest(reader);
  }
  async function atRest(reader: Visit): Promise<void> {
    await reader.log.evaluate(async (log) => {
      const picture = () => new Promise((resolve) => requestAnimationFrame(resolve));
      let still = 0;
      for (let before = log.scrollTop; still < 8; before = log.scrollTop) {
        await picture();
        still = log.scrollTop === before ? still + 1 : 0;
      }
    });
  }

  test("opens at the end; scrolling back loads older messages and never moves what one reads", async () => {
    const { roomId } = await roomWith(130);
    const reader = await joined(roomId, "phone");
    await message(reader, 130).waitFor();
    const beginning = reader.log.getByText("This is the beginning of the conversation");
    const stepPx = 400;
    const jumps: string[] = [];
    let steps = 0;
    for (; steps < 100 && (await beginning.count()) === 0; steps++) {
      const held = (await rowsOf(reader)).rows.find(({ y }) => y > 200);
      await wheel(reader, -stepPx);
      const { rows, scrollTop } = await rowsOf(reader);
      const now = rows.find(({ key }) => key === held?.key);
      if (held && now && scrollTop > 0 && Math.abs(now.y - held.y - stepPx) >= 1) {
        jumps.push(`step ${steps}: ${now.y - held.y - stepPx}`);
      }
    }
    expect(jumps).toEqual([]);
    expect(steps).toBeGreaterThan(15);
    await message(reader, 1).waitFor();
  });

  test("a page that comes while one rests does not move what is in sight", async () => {
    const { roomId } = await roomWith(120);
    const reader = await joined(roomId);
    await message(reader, 120).waitFor();
    const held = Promise.withResolvers<void>();
    await reader.page.route("**/messages?*before=*", async (route) => {
      await held.promise;
      await route.continue();
    });
    await wheel(reader, -10_000);
    const before = await rowsOf(reader);
    const inView = before.rows.filter(({ y }) => y < 650);
    expect(before.scrollTop).toBe(0);
    held.resolve();
    await reader.page.waitForFunction(([log, was]) => log instanceof Element && log.scrollHeight > was, [
      await reader.log.elementHandle(),
      before.height,
    ] as const);
    await atRest(reader);
    const after = new Map((await rowsOf(reader)).rows.map(({ key, y }) => [key, y]));
    const moved = inView.flatMap(({ key, y }) => (after.has(key) ? [Math.abs((after.get(key) ?? 0) - y)] : []));
    expect(moved.length).toBeGreaterThan(5);
    expect(Math.max(...moved)).toBeLessThan(1);
  });

  /** The number of a message somewhere in the middle of the view. */
  async function firstVisible(reader: Visit): Promise<number> {
    const text = await reader.log.evaluate(
      (log) =>
        [...log.querySelectorAll(".message")].find((row) => row.getBoundingClientRect().top > 250)?.textContent ?? "",
    );
    return Number(/message (\d+)/.exec(text)?.[1]);
  }

  test("opens at the first unread message below the line, and is read as it is seen", async () => {
    const { roomId } = await roomWith(60);
    const reader = await joined(roomId);
    await message(reader, 60).waitFor();
    await reader.go("/settings/profile");
    await reader.page.getByRole("heading", { name: "Profile" }).waitFor();
    await send(roomId, 61, 100);

    await reader.go(`/rooms/${roomId}`);
    const line = reader.log.getByRole("separator", { name: "New messages" });
    await line.waitFor();
    await message(reader, 61).waitFor();
    expect(await message(reader, 100).count()).toBe(0);
    const pill = reader.page.getByRole("button", { name: /new messages?$/ });
    await pill.click();
    await message(reader, 100).waitFor();
    await pill.waitFor({ state: "hidden" });
    await reader.page.waitForFunction(() => !document.title.startsWith("("));
    // It stays until one leaves.
    for (let turns = 0; turns < 20 && !(await line.isVisible()); turns++) await wheel(reader, -500);
    await line.waitFor();
  });

  test("opens at the first unread message also when hundreds follow it, and the pill leads to the end", async () => {
    const { roomId } = await roomWith(60);
    const reader = await joined(roomId);
    await message(reader, 60).waitFor();
    await reader.go("/settings/profile");
    await reader.page.getByRole("heading", { name: "Profile" }).waitFor();
    await send(roomId, 61, 400);

    await reader.go(`/rooms/${roomId}`);
    await reader.log.getByRole("separator", { name: "New messages" }).waitFor();
    await message(reader, 61).waitFor();
    await reader.page.getByRole("button", { name: "99+ new messages" }).click();
    await message(reader, 400).waitFor();
  });

  test("goes from the place left last to what is new, then to the end", async () => {
    const { roomId } = await roomWith(120);
    const reader = await joined(roomId);
    await message(reader, 120).waitFor();
    await wheel(reader, -2_000);
    await reader.page.getByRole("button", { name: "Jump to the latest messages" }).waitFor();
    await reader.go("/settings/profile");
    await reader.page.getByRole("heading", { name: "Profile" }).waitFor();
    await send(roomId, 121, 180);

    await reader.go(`/rooms/${roomId}`);
    const pill = reader.page.getByRole("button", { name: /new messages?$/ });
    await pill.click();
    await reader.log.getByRole("separator", { name: "New messages" }).waitFor();
    await message(reader, 121).waitFor();
    await pill.click();
    await message(reader, 180).waitFor();
  });

  test("a jump to a message flashes it once and offers the way back, which leads to the pixel", async () => {
    const { roomId, messageIds } = await roomWith(150);
    const reader = await joined(roomId);
    await message(reader, 150).waitFor();
    await wheel(reader, -1_500);
    await reader.page.getByRole("button", { name: "Jump to the latest messages" }).waitFor();
    const n = await firstVisible(reader);
    const before = await top(reader, n);
    // As a click on a quotation does.
    await reader.page.evaluate((path) => {
      history.pushState({ depth: 1 }, "", path);
      dispatchEvent(new PopStateEvent("popstate"));
    }, `/rooms/${roomId}/m/${messageIds[4]}`);
    await message(reader, 5).waitFor();
    await reader.log.locator("[data-flash]").waitFor();
    await reader.log.locator("[data-flash]").waitFor({ state: "detached" });
    await reader.page.getByRole("button", { name: "Back to where you were" }).click();
    await message(reader, n).waitFor();
    await atRest(reader);
    expect(Math.abs((await top(reader, n)) - before)).toBeLessThan(2);
    expect(new URL(reader.page.url()).pathname).toBe(`/rooms/${roomId}`);
    expect(await reader.page.getByRole("button", { name: "Back to where you were" }).count()).toBe(0);
  });

  test("a day can be gone to", async () => {
    const { roomId } = await roomWith(130);
    const reader = await joined(roomId);
    await message(reader, 130).waitFor();
    const today = await reader.page.evaluate(() => new Date().toLocaleDateString("sv"));
    await reader.page.getByLabel("Go to a day").fill(today);
    await message(reader, 1).waitFor();
    await reader.page.getByRole("button", { name: "Back to where you were" }).click();
    await message(reader, 130).waitFor();
  });

  test("keeps its place while what is far away is let go of, and loads it again", async () => {
    const { roomId } = await roomWith(1_150);
    const reader = await joined(roomId);
    await message(reader, 1_150).waitFor();
    for (let steps = 0; steps < 400 && (await message(reader, 40).count()) === 0; steps++) {
      await reader.page.mouse.move(700, 400);
      await reader.page.mouse.wheel(0, -3_000);
      await reader.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    }
    await wheel(reader, 600);
    const n = await firstVisible(reader);
    expect(n).toBeLessThan(80);
    const before = await top(reader, n);
    await wheel(reader, -100);
    expect(Math.abs((await top(reader, n)) - before - 100)).toBeLessThan(1);
    await send(roomId, 1_151, 1_151);
    await reader.page.getByRole("button", { name: /new messages?$/ }).click();
    await message(reader, 1_151).waitFor();
    await wheel(reader, -400);
    await message(reader, 1_150).waitFor();
  });

  test("sticks to the end only for who is there; else a pill counts what is new", async () => {
    const { roomId } = await roomWith(60);
    const reader = await joined(roomId);
    await message(reader, 60).waitFor();
    await send(roomId, 61, 61);
    await message(reader, 61).waitFor();

    await wheel(reader, -600);
    const pill = reader.page.getByRole("button", { name: /new messages?$/ });
    await reader.page.getByRole("button", { name: "Jump to the latest messages" }).waitFor();
    const n = await firstVisible(reader);
    const before = await top(reader, n);
    await send(roomId, 62, 64);
    await pill.filter({ hasText: "3 new messages" }).waitFor();
    expect(await top(reader, n)).toBe(before);
    await pill.click();
    await message(reader, 64).waitFor();
    await pill.waitFor({ state: "hidden" });
  });

  test("a reload keeps the place, a link to a message leads to it, and the way back is offered", async () => {
    const { roomId, messageIds } = await roomWith(150);
    const reader = await joined(roomId);
    await message(reader, 150).waitFor();
    await wheel(reader, -1_500);
    await reader.page.getByRole("button", { name: "Jump to the latest messages" }).waitFor();
    const n = await firstVisible(reader);
    const before = await top(reader, n);
    await reader.page.reload();
    await message(reader, n).waitFor();
    await reader.page.waitForFunction(
      ([text, y]) => {
        const rows = [...document.querySelectorAll(".message-text")];
        const row = rows.find(({ textContent }) => textContent?.startsWith(text));
        return row !== undefined && Math.abs(row.getBoundingClientRect().top - y) < 40;
      },
      [`message ${n} `, before] as const,
    );

    await reader.go(`/rooms/${roomId}/m/${messageIds[9]}`);
    await message(reader, 10).waitFor();
    expect(await message(reader, 150).count()).toBe(0);
    await reader.page.getByRole("button", { name: "Jump to the latest messages" }).click();
    await message(reader, 150).waitFor();
  });

  test("the arrow keys go from message to message", async () => {
    const { roomId } = await roomWith(40);
    const reader = await joined(roomId);
    await message(reader, 40).waitFor();
    await reader.log.focus();
    const focused = () => reader.page.evaluate(() => document.activeElement?.textContent ?? "");
    await reader.log.press("ArrowUp");
    await reader.page.waitForFunction(() => document.activeElement?.textContent?.includes("joined"));
    await reader.page.keyboard.press("ArrowUp");
    await reader.page.waitForFunction(() => document.activeElement?.textContent?.includes("message "));
    const first = /message (\d+)/.exec(await focused())?.[1];
    await reader.page.keyboard.press("ArrowUp");
    await reader.page.waitForFunction(
      (n) => document.activeElement?.textContent?.includes(`message ${n} `),
      Number(first) - 1,
    );
    for (let i = 0; i < 25; i++) await reader.page.keyboard.press("ArrowUp");
    await reader.page.waitForFunction(
      (n) => document.activeElement?.textContent?.includes(`message ${n} `),
      Number(first) - 26,
    );
  });

  test("what comes in is announced as sender and text, at most once a second", async () => {
    const { roomId } = await roomWith(1);
    const reader = await joined(roomId);
    await message(reader, 1).waitFor();
    await send(roomId, 2, 2);
    const status = reader.page.getByRole("status");
    await status.filter({ hasText: "writer: message 2" }).waitFor({ state: "attached" });
    await send(roomId, 3, 8);
    await status.filter({ hasText: /^\d new messages$/ }).waitFor({ state: "attached" });
  });
});
