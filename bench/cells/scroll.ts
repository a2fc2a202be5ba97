import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from "playwright-core";
import { z } from "zod";
import type { Bench, Cell, CellReport } from "../cell.ts";
import { addSeeded } from "../pages.ts";
import { ground, serve } from "../server.ts";

const messagesPerSecond = 50;
/** As browsers define it: from here on a hand notices. */
const longTaskMs = 50;
const slowdown = 4;
const password = "correct horse 7 battery";

const joinedRooms = z.object({
  data: z.array(z.object({ id: z.string(), is_lobby: z.boolean(), last_seq: z.number() })),
});
const registered = z.object({ data: z.object({ token: z.string() }) });

export const scroll: Cell = {
  name: "scroll",
  title: "Scrolling through a room of 100,000 messages, in a browser",
  about:
    "Chromium with the client as it is built, a window of 1280 × 800, no graphics card. Somebody opens a room with 100,000 seeded messages while 50 messages/s come in, rests at its end, turns the wheel back through some thousand messages and forth again, and writes. A task is a turn of the page's event loop; the processor's time tells what it cost, the clock's also what else the machine did meanwhile.",
  run: async (bench) => {
    const at = ground();
    const messages = bench.isQuick ? 20_000 : 200_000;
    // About half of them are the lobby's.
    const { tokens } = await addSeeded(bench, at, { users: 40, rooms: 1, messages, places: 1 });
    const server = await serve(at);
    const browser = await chromium.launch({
      executablePath: Bun.which("chromium") ?? "chromium",
      args: ["--no-sandbox", "--disable-gpu"],
    });
    try {
      return await measure(bench, server.url, tokens, browser);
    } finally {
      await browser.close();
      await server.kill();
    }
  },
};

async function measure(bench: Bench, url: string, tokens: readonly string[], browser: Browser): Promise<CellReport> {
  const room = await largestRoom(url, tokens);
  const rows: (string | number)[][] = [];
  let worstMs = 0;
  for (const rate of [1, slowdown]) {
    const visit = await Visit.open(browser, url, room.id);
    const stop = write(url, room);
    try {
      await visit.slowDown(rate);
      for (const [name, run] of Object.entries(phases)) {
        bench.say(`${name}, ${rate} × slower`);
        const found = await visit.during(() => run(visit, bench.seconds(20)));
        if (rate === 1) worstMs = Math.max(worstMs, found.longestCpuMs);
        const { tasks, longestMs, longestCpuMs, long, frames, seconds } = found;
        rows.push([
          name,
          rate,
          Math.round(seconds),
          tasks,
          ...[longestCpuMs, longestMs].map((ms) => Number(ms.toFixed(1))),
          long,
          Math.round(frames / seconds),
        ]);
      }
    } finally {
      stop();
      await visit.close();
    }
  }
  return {
    tables: [
      {
        title: `${room.lastSeq.toLocaleString("en")} messages`,
        columns: [
          { name: "what is done" },
          { name: "processor slowed" },
          { name: "for", unit: "s" },
          { name: "tasks" },
          { name: "longest, processor", unit: "ms" },
          { name: "longest, clock", unit: "ms" },
          { name: "over 50 ms of processor" },
          { name: "pictures", unit: "/s" },
        ],
        rows,
      },
    ],
    targets: [
      {
        what: "scrolling in a room of 100,000 messages while 50/s come in",
        target: "no task over 50 ms",
        reached: `${worstMs.toFixed(1)} ms for the longest`,
        isMet: worstMs < longTaskMs,
      },
    ],
    faults: [],
  };
}

interface Room {
  id: string;
  lastSeq: number;
  /** Of those who are in it. */
  tokens: readonly string[];
}

/** The seeded room with the longest history, and who writes in it. */
async function largestRoom(url: string, tokens: readonly string[]): Promise<Room> {
  const rooms = new Map<string, { lastSeq: number; tokens: string[] }>();
  for (const token of tokens) {
    const answer = await fetch(`${url}/api/v1/rooms?type=joined`, { headers: { Authorization: `Bearer ${token}` } });
    for (const { id, last_seq } of joinedRooms.parse(await answer.json()).data) {
      const room = rooms.get(id) ?? { lastSeq: last_seq, tokens: [] };
      room.tokens.push(token);
      rooms.set(id, room);
    }
  }
  const [largest] = [...rooms].sort(([, a], [, b]) => b.lastSeq - a.lastSeq);
  if (!largest) throw new Error("nobody is in a room");
  return { id: largest[0], ...largest[1] };
}

const sentences = [
  "Shall we meet at eight?",
  "I put the **notes** where `everyone` finds them: https://example.org/notes",
  "我們八點見，好嗎？記得帶*傘*。",
  "- bread\n- milk\n- something for the evening",
  "That took longer than I thought, because the bus did not come and I walked along the river the whole way.",
  "👍",
];

/** Lets people of the room write by a fixed schedule; gives what ends it. */
function write(url: string, room: Room): () => void {
  let sent = 0;
  const timer = setInterval(() => {
    const token = room.tokens[sent % room.tokens.length] ?? "";
    const content = sentences[sent++ % sentences.length];
    void fetch(`${url}/api/v1/rooms/${room.id}/messages`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ content }),
    }).then((answer) => answer.body?.cancel());
  }, 1_000 / messagesPerSecond);
  return () => clearInterval(timer);
}

/** What one does, and for how many seconds. */
const phases: Record<string, (visit: Visit, seconds: number) => Promise<void>> = {
  "resting at the end": ({ page }, seconds) => page.waitForTimeout(seconds * 1_000),
  "scrolling back": (visit, seconds) => visit.turnWheel(-600, seconds),
  "scrolling forth": (visit, seconds) => visit.turnWheel(600, seconds / 2),
  writing: ({ page }, seconds) =>
    page.locator("textarea").pressSequentially("The quick brown fox. ".repeat(3), { delay: (seconds / 2) * 16 }),
};

interface Found {
  seconds: number;
  tasks: number;
  longestMs: number;
  longestCpuMs: number;
  /** Tasks that took more than 50 ms of the processor. */
  long: number;
  frames: number;
}

const traceEvent = z.object({
  name: z.string(),
  pid: z.number(),
  tid: z.number(),
  /** In µs, as all of these. */
  dur: z.number().optional(),
  tdur: z.number().optional(),
  args: z.looseObject({ name: z.string().optional() }).optional(),
});

/** A window of the browser with the room in it. */
class Visit {
  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    readonly cdp: CDPSession,
  ) {}

  static async open(browser: Browser, url: string, roomId: string): Promise<Visit> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const username = `reader${Date.now() % 1_000_000}`;
    const answer = await context.request.post(`${url}/api/v1/auth/register`, {
      data: { username, password },
      headers: { "Parley-Refresh": "cookie" },
    });
    const { token } = registered.parse(await answer.json()).data;
    const joined = await fetch(`${url}/api/v1/rooms/${roomId}/join`, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
    });
    if (!joined.ok) throw new Error(`the room was not joined: ${await joined.text()}`);
    const page = await context.newPage();
    await page.goto(`${url}/rooms/${roomId}`);
    await page.locator(".message").first().waitFor();
    return new Visit(context, page, await context.newCDPSession(page));
  }

  slowDown = (rate: number) => this.cdp.send("Emulation.setCPUThrottlingRate", { rate });
  close = () => this.context.close();

  /** Turns the wheel as a hand does: a notch of 100 pixels after the other. */
  async turnWheel(pixelsPerNotch: number, seconds: number): Promise<void> {
    await this.page.mouse.move(700, 400);
    const end = performance.now() + seconds * 1_000;
    while (performance.now() < end) {
      await this.page.mouse.wheel(0, pixelsPerNotch);
      await this.page.waitForTimeout(50);
    }
  }

  /** The tasks of the page's main thread while something is done. */
  async during(work: () => Promise<void>): Promise<Found> {
    const events: z.infer<typeof traceEvent>[] = [];
    const collect = ({ value }: { value: object[] }) => {
      for (const event of value) {
        const parsed = traceEvent.safeParse(event);
        if (parsed.success) events.push(parsed.data);
      }
    };
    this.cdp.on("Tracing.dataCollected", collect);
    const categories = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline", "__metadata"];
    await this.cdp.send("Tracing.start", {
      transferMode: "ReportEvents",
      traceConfig: { includedCategories: categories, recordMode: "recordContinuously" },
    });
    const began = performance.now();
    await work();
    const seconds = (performance.now() - began) / 1_000;
    const complete = new Promise<void>((resolve) => this.cdp.once("Tracing.tracingComplete", () => resolve()));
    await this.cdp.send("Tracing.end");
    await complete;
    this.cdp.off("Tracing.dataCollected", collect);
    return { seconds, ...tasksOf(events) };
  }
}

function tasksOf(events: readonly z.infer<typeof traceEvent>[]): Omit<Found, "seconds"> {
  const isMain = ({ name, args }: z.infer<typeof traceEvent>) =>
    name === "thread_name" && args?.name === "CrRendererMain";
  const threads = new Set(events.filter(isMain).map(({ pid, tid }) => `${pid} ${tid}`));
  const main = events.filter(({ pid, tid }) => threads.has(`${pid} ${tid}`));
  const tasks = main.filter(({ name }) => name === "RunTask" || name === "ThreadControllerImpl::RunTask");
  const longest = (part: "dur" | "tdur") => tasks.reduce((most, task) => Math.max(most, task[part] ?? 0), 0) / 1_000;
  return {
    tasks: tasks.length,
    longestMs: longest("dur"),
    longestCpuMs: longest("tdur"),
    long: tasks.filter(({ tdur = 0 }) => tdur > longTaskMs * 1_000).length,
    frames: main.filter(({ name }) => name === "Commit").length,
  };
}
