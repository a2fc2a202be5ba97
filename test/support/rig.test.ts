import { describe, expect, test } from "bun:test";
import type { Message } from "../../src/protocol/models.ts";
import { ChaosProxy } from "./chaos-proxy.ts";
import { ManualClock } from "./clock.ts";
import { within } from "./deferred.ts";
import { Journal, judge } from "./journal.ts";

const roomId = "room";
const stored = (seq: number, extra: Partial<Message> = {}): Message => ({
  id: `id-${seq}`,
  room_id: roomId,
  seq,
  rev: seq,
  sender: { id: "ann", username: "ann", display_name: "ann", avatar_url: null },
  content: `content ${seq}`,
  type: "text",
  reply_to: null,
  files: [],
  reactions: [],
  mentions: [],
  created_at: "2026-01-09T10:30:00.000Z",
  is_edited: false,
  edited_at: null,
  is_deleted: false,
  is_recalled: false,
  temp_id: `temp-${seq}`,
  ...extra,
});

/** A journal of `count` sends, all acked and received by one client. */
function written(count: number) {
  const journal = new Journal();
  const receive = journal.receiver("ben", roomId, 0);
  for (let seq = 1; seq <= count; seq++) {
    journal.sent({ senderId: "ann", roomId, tempId: `temp-${seq}`, content: `content ${seq}` });
    journal.acked({ tempId: `temp-${seq}`, id: `id-${seq}`, seq });
  }
  return { journal, receive, messages: Array.from({ length: count }, (_, index) => stored(index + 1)) };
}

/** What the judge says of `messages` when they are what is stored, and `received` is what ben got. */
function verdict(change: (messages: Message[], journal: Journal) => Message[], received = [1, 2, 3]): string {
  const { journal, receive, messages } = written(3);
  for (const seq of received) receive(stored(seq));
  return judge(journal, new Map([[roomId, change(messages, journal)]])).join("\n");
}

describe("the judge of journals", () => {
  test("finds nothing where nothing is wrong", () => {
    expect(verdict((messages) => messages)).toBe("");
  });

  test("finds an acked message that is lost", () => {
    expect(verdict((messages) => messages.slice(0, 2), [1, 2])).toBe("G1: temp-3 was acked with seq 3 and is lost");
  });

  test("finds an acked message that is another now", () => {
    expect(verdict(([one, two, three]) => [one, two, { ...three, id: "other" }] as Message[])).toContain("G1: temp-3");
  });

  test("finds a send that is stored twice", () => {
    expect(verdict((messages) => [...messages, stored(4, { temp_id: "temp-1" })], [1, 2, 3, 4])).toContain(
      "G2: temp-1",
    );
  });

  test("finds two acks of one send that differ", () => {
    const found = verdict((messages, journal) => {
      journal.acked({ tempId: "temp-1", id: "id-9", seq: 9 });
      return messages;
    });
    expect(found).toContain("temp-1 was acked as id-1/1 and again as id-9/9");
  });

  test("finds a gap, a double and a turn back in the order", () => {
    expect(verdict(([one, , three]) => [one, three] as Message[], [1, 3])).toContain(
      "G3: room room has seq 3 in place 2",
    );
    expect(verdict(([one, two, three]) => [one, two, { ...three, rev: 1 }] as Message[])).toContain(
      "has rev 1 after 2",
    );
  });

  test("finds what a client missed, got twice, late, or out of nothing", () => {
    const same = (messages: Message[]) => messages;
    expect(verdict(same, [1, 3])).toBe("G4: ben missed seq 2");
    expect(verdict(same, [1, 2, 2, 3])).toBe("G4: ben got seq 2 after 2");
    expect(verdict(same, [1, 3, 2])).toBe("G4: ben got seq 2 after 3");
    expect(verdict(same, [1, 2, 3, 4])).toBe("G1: ben was shown seq 4, which is not stored");
  });

  test("finds what nobody sent", () => {
    expect(verdict((messages) => [...messages, stored(4, { temp_id: "ghost" })], [1, 2, 3, 4])).toContain(
      "nobody sent it",
    );
  });
});

describe("the clock that a test turns", () => {
  test("runs what falls due, in order, at its own time, and nothing that was cancelled", () => {
    const clock = new ManualClock(0);
    const ran: string[] = [];
    const note = (name: string) => () => void ran.push(`${name} at ${clock.now()}`);
    clock.after(30, note("late"));
    clock.after(10, note("early"));
    const cancel = clock.after(20, note("cancelled"));
    const stop = clock.every(12, note("again"));
    cancel();
    clock.advance(30);
    stop();
    clock.advance(100);
    expect(ran).toEqual(["early at 10", "again at 12", "again at 24", "late at 30"]);
    expect(clock.now()).toBe(130);
  });

  test("keeps what remained of a timer when the time jumps", () => {
    const clock = new ManualClock(0);
    let ran = 0;
    clock.after(10, () => ran++);
    clock.jump(3_600_000);
    clock.advance(9);
    expect(ran).toBe(0);
    clock.advance(1);
    expect(ran).toBe(1);
  });
});

describe("the chaos proxy", () => {
  /** An echo behind a proxy, and a client's connection through it. */
  async function echo(work: (proxy: ChaosProxy, client: Client) => Promise<void>): Promise<void> {
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket, bytes) => void socket.write(bytes) },
    });
    const proxy = await ChaosProxy.before(`http://127.0.0.1:${server.port}`);
    const client = await Client.to(proxy);
    try {
      await work(proxy, client);
    } finally {
      await proxy.stop();
      server.stop(true);
    }
  }

  class Client {
    received = "";
    packets = 0;
    readonly closed = Promise.withResolvers<void>();
    #more = Promise.withResolvers<void>();
    send: (text: string) => void = () => {};

    static async to(proxy: ChaosProxy): Promise<Client> {
      const client = new Client();
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: Number(new URL(proxy.url).port),
        socket: {
          data: (_, bytes) => client.#take(bytes.toString()),
          close: () => client.closed.resolve(),
          error: () => client.closed.resolve(),
        },
      });
      client.send = (text) => void socket.write(text);
      return client;
    }

    #take(text: string): void {
      this.received += text;
      this.packets++;
      this.#more.resolve();
      this.#more = Promise.withResolvers();
    }

    async hears(text: string): Promise<void> {
      while (!this.received.includes(text)) await within(this.#more.promise, () => `${text} did not come`);
    }
  }

  test("passes everything on", () =>
    echo(async (_, client) => {
      client.send("hello");
      await client.hears("hello");
    }));

  test("passes one byte after the other", () =>
    echo(async (proxy, client) => {
      proxy.trickle();
      client.send("hello, slow world");
      await client.hears("hello, slow world");
      expect(client.packets).toBeGreaterThan(1);
    }));

  test("delays", () =>
    echo(async (proxy, client) => {
      proxy.delay(30);
      const start = performance.now();
      client.send("hello");
      await client.hears("hello");
      expect(performance.now() - start).toBeGreaterThanOrEqual(55);
    }));

  test("cuts, refuses, and is restored", () =>
    echo(async (proxy, client) => {
      client.send("hello");
      await client.hears("hello");
      proxy.cut();
      await within(client.closed.promise, () => "the connection was not cut");
      proxy.restore();
      const again = await Client.to(proxy);
      again.send("again");
      await again.hears("again");
    }));

  test("goes silent with both ends open", () =>
    echo(async (proxy, client) => {
      client.send("hello");
      await client.hears("hello");
      proxy.silence();
      client.send("into the void");
      expect(proxy.open).toBe(1);
      const other = await Client.to(proxy);
      proxy.restore();
      other.send("heard");
      await other.hears("heard");
      expect(client.received).toBe("hello");
    }));
});
