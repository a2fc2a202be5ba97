import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Bus } from "../../src/server/platform/bus/bus.ts";

/** What a suite needs to try one kind of bus. */
export interface BusUnderTest {
  /** Another node's end of the same bus, ready to send and to hear. */
  join(nodeId: string): Promise<Bus>;
  stop(): Promise<void>;
}

interface Heard {
  message: string;
  from: string;
}

/** Collects what a node hears from now on; `heard(n)` waits until `n` messages are there. */
async function listen(bus: Bus, channel: string) {
  const messages: Heard[] = [];
  let waiting: { count: number; resolve: () => void } | undefined;
  const live = Promise.withResolvers<void>();
  const stop = bus.subscribe(
    channel,
    (message, from) => {
      messages.push({ message, from });
      if (waiting && messages.length >= waiting.count) waiting.resolve();
    },
    live.resolve,
  );
  await live.promise;
  return {
    messages,
    stop,
    async heard(count: number): Promise<Heard[]> {
      if (messages.length < count) {
        await new Promise<void>((resolve) => {
          waiting = { count, resolve };
        });
      }
      return messages;
    },
  };
}

/** Holds every implementation of `Bus` to what `Bus` promises. */
export function holdsTheBusContract(name: string, make: () => Promise<BusUnderTest>): void {
  describe(`the bus ${name}`, () => {
    let broker: BusUnderTest;
    let one: Bus;
    let two: Bus;
    let three: Bus;

    beforeEach(async () => {
      broker = await make();
      [one, two, three] = await Promise.all([broker.join("one"), broker.join("two"), broker.join("three")]);
    });
    afterEach(async () => {
      await Promise.all([one.close(), two.close(), three.close()]);
      await broker.stop();
    });

    test("brings a message to every other node that listens, and says whose it is", async () => {
      const atTwo = await listen(two, "rooms");
      const atThree = await listen(three, "rooms");
      one.publish("rooms", "hello");
      expect(await atTwo.heard(1)).toEqual([{ message: "hello", from: "one" }]);
      expect(await atThree.heard(1)).toEqual([{ message: "hello", from: "one" }]);
    });

    test("never lets a node hear itself", async () => {
      const atOne = await listen(one, "rooms");
      const atTwo = await listen(two, "rooms");
      one.publish("rooms", "mine");
      await atTwo.heard(1);
      two.publish("rooms", "yours");
      expect(await atOne.heard(1)).toEqual([{ message: "yours", from: "two" }]);
    });

    test("never says that it is alone when others listen: they would hear nothing", () => {
      expect([one, two, three].map(({ isAlone }) => isAlone)).toEqual([false, false, false]);
    });

    test("keeps channels apart", async () => {
      const rooms = await listen(two, "rooms");
      const caches = await listen(two, "caches");
      one.publish("caches", "drop");
      one.publish("rooms", "say");
      expect(await rooms.heard(1)).toEqual([{ message: "say", from: "one" }]);
      expect(await caches.heard(1)).toEqual([{ message: "drop", from: "one" }]);
    });

    test("keeps the order of each sender", async () => {
      const at = await listen(three, "rooms");
      const counted = Array.from({ length: 500 }, (_, index) => String(index));
      for (const message of counted) {
        one.publish("rooms", message);
        two.publish("rooms", message);
      }
      const heard = await at.heard(1_000);
      for (const sender of ["one", "two"]) {
        expect(heard.filter(({ from }) => from === sender).map(({ message }) => message)).toEqual(counted);
      }
    });

    test("carries text as it is", async () => {
      const at = await listen(two, "rooms");
      const texts = ["", "\u0000", "牛肉麵 🍜", '{"a":"\\u0000\\n"}', "x".repeat(100_000)];
      for (const text of texts) one.publish("rooms", text);
      expect((await at.heard(texts.length)).map(({ message }) => message)).toEqual(texts);
    });

    test("never calls a listener inside publish: the caller's work comes first", async () => {
      const at = await listen(two, "rooms");
      one.publish("rooms", "later");
      expect(at.messages).toEqual([]);
      await at.heard(1);
    });

    test("stops at the listener that was ended, and there alone", async () => {
      const ended = await listen(two, "rooms");
      const kept = await listen(two, "rooms");
      ended.stop();
      ended.stop();
      one.publish("rooms", "hello");
      await kept.heard(1);
      expect(ended.messages).toEqual([]);
    });

    test("lets a channel be listened to again after its last listener left", async () => {
      (await listen(two, "rooms")).stop();
      const again = await listen(two, "rooms");
      one.publish("rooms", "hello");
      expect(await again.heard(1)).toHaveLength(1);
    });

    test("brings nothing to a node that closed, and its messages nowhere fail", async () => {
      const gone = await listen(two, "rooms");
      const here = await listen(three, "rooms");
      await two.close();
      one.publish("rooms", "hello");
      await here.heard(1);
      expect(gone.messages).toEqual([]);
      await two.close();
    });

    test("says that a channel is heard also to those who come later to it", async () => {
      await listen(two, "rooms");
      const later = await listen(two, "rooms");
      one.publish("rooms", "hello");
      expect(await later.heard(1)).toHaveLength(1);
    });
  });
}
