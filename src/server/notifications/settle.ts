import { z } from "zod";
import { perContext, type Context } from "../context.ts";
import { atMost } from "../platform/at-most.ts";
import { listening } from "../platform/bus/listening.ts";
import { presence } from "../presence/presence.ts";
import { noter } from "./noter.ts";

const channel = "notifications";
/** A node that takes longer to store what it knows is not waited for. */
const othersMs = 200;

const question = z.object({ ask: z.number() });
const answer = z.object({ settled: z.number() });

/** Asks the other nodes to store first what they know: whoever asks after an answer finds what it changed, on any node. */
class Settling {
  #asked = 0;
  /** The nodes that have yet to answer, by question. */
  readonly #open = new Map<number, { from: Set<string>; done: () => void }>();

  constructor(private readonly ctx: Context) {}

  start(): void {
    const { bus, jobs, onClose } = this.ctx;
    if (!bus.mayHaveOthers) return;
    const ends = [
      bus.subscribe(
        channel,
        listening(question, this.ctx, ({ ask }, from) => {
          void jobs.run(`store notifications for ${from} ${ask}`, async () => {
            await noter(this.ctx).settled();
            bus.publish(`${channel}:${from}`, JSON.stringify({ settled: ask }));
          });
        }),
      ),
      bus.subscribe(
        `${channel}:${bus.nodeId}`,
        listening(answer, this.ctx, ({ settled }, from) => {
          const open = this.#open.get(settled);
          if (open?.from.delete(from) && open.from.size === 0) open.done();
        }),
      ),
    ];
    onClose(() => ends.forEach((end) => end()));
  }

  /** Resolves when all nodes have stored what they knew at this moment, or do not say so in time. */
  async everywhere(): Promise<void> {
    const { bus } = this.ctx;
    const here = noter(this.ctx).settled();
    const from = new Set(bus.state === "connected" ? presence(this.ctx).otherNodes() : []);
    if (from.size > 0) {
      const ask = ++this.#asked;
      const { promise, resolve: done } = Promise.withResolvers<void>();
      this.#open.set(ask, { from, done });
      bus.publish(channel, JSON.stringify({ ask }));
      await atMost(othersMs, promise);
      this.#open.delete(ask);
    }
    await here;
  }
}

const settling = perContext((ctx) => new Settling(ctx));

/** Begins to answer the other nodes. */
export function startSettling(ctx: Context): void {
  settling(ctx).start();
}

/** Resolves when what has happened up to now, on whatever node, is stored: whoever asks after an answer finds what it changed. */
export function settledEverywhere(ctx: Context): Promise<void> {
  return settling(ctx).everywhere();
}
