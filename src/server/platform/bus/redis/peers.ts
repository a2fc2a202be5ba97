import { z } from "zod";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import type { Metrics } from "../../metrics.ts";
import { StartError } from "../../start-error.ts";
import type { Bus } from "../bus.ts";
import { listening } from "../listening.ts";

/** What nodes of one installation must have alike. */
export interface Identity {
  /** Tells whether two nodes have the same secret, without telling the secret. */
  secretProof: string;
  /** Shown where versions differ. */
  version: string;
}

const said = z.discriminatedUnion("kind", [
  /** That a node is here; `asks`: and would like to know who else is. */
  z.object({
    kind: z.literal("here"),
    asks: z.boolean(),
    secret_proof: z.string(),
    version: z.string(),
    now: z.number(),
    /** How long it has run: of two that do not fit together, the younger one gives in, whatever its clock says. */
    up_ms: z.number(),
    every_ms: z.number(),
  }),
  /** Some of what it had to tell reached nobody. */
  z.object({ kind: z.literal("lost") }),
  z.object({ kind: z.literal("gone") }),
]);
type Said = z.infer<typeof said>;
type Here = Extract<Said, { kind: "here" }>;

interface Peer {
  everyMs: number;
  /** Looks since it was heard of last: counted, so that nobody is taken for silent by a node that was itself too busy. */
  looks: number;
  /** How far this node's clock is ahead of theirs, as the last word of them arrived. */
  apartMs: number;
  /** Looks in a row that found the clocks apart. */
  looksApart: number;
}

interface PeersOptions {
  bus: Pick<Bus, "nodeId" | "publish" | "subscribe" | "state" | "isSilent">;
  identity: Identity;
  clock: Clock;
  log: Log;
  metrics: Pick<Metrics, "bridgeUnreadable">;
  /** Between two looks. */
  everyMs: number;
  /** Something that another node published may not have arrived. */
  onMissed: () => void;
  /** Whether this node can still be refused for what it may do as well while it runs, such as a wrong clock. */
  isStarting: () => boolean;
  /** This node does not fit to those that were here before it. */
  onMisfit: (error: StartError) => void;
}

const channel = "nodes";
/** A node says at every look that it lives; in a large crowd less often, so that nobody hears of more than a hundred a second. */
const beatPerPeerMs = 10;
/** Beats that stay away until a node counts as silent. */
const beatsMissedMax = 3;
/** A silent node is shown for so long; then it is taken for gone. */
const shownSilentMs = 600_000;
/** Which of two is older cannot be told from nearer starts, as what they say of it takes its time: then by their names. */
const startsAtOnceMs = 2_000;
const clocksApart = { warnMs: 5_000, refuseMs: 60_000 };
/** What waited in a connection while this node was busy or frozen is old: clocks are apart that stay so. */
const looksApartMax = 3;

/** The other nodes of the installation: whether they live, and whether they are of one mind. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #peers = new Map<string, Peer>();
  readonly #startedAt = performance.now();
  readonly #ends: (() => void)[];
  readonly #met = new Set<() => void>();
  #looksSinceBeat = 0;
  #hasGreeted = false;

  constructor(options: PeersOptions) {
    this.#options = options;
    const { bus } = options;
    const listen = listening(said, options, (what, from) => this.#hear(what, from));
    const timer = setInterval(() => this.#look(), options.everyMs);
    this.#ends = [
      bus.subscribe(channel, listen),
      bus.subscribe(`${channel}:${bus.nodeId}`, listen),
      () => clearInterval(timer),
    ];
  }

  all(): readonly string[] {
    return [...this.#peers.keys()];
  }

  /** Nodes that were heard of lately, and those that fell silent without a farewell. */
  count(): { here: number; silent: number } {
    let silent = 0;
    for (const peer of this.#peers.values()) if (this.#silentMs(peer) > 0) silent++;
    return { here: this.#peers.size - silent, silent };
  }

  /** What a node says to all when its link is new: the first time it asks who else is there. */
  greeting(): { channel: string; text: string } {
    const text = JSON.stringify(this.#here(!this.#hasGreeted));
    this.#hasGreeted = true;
    return { channel, text };
  }

  /** Resolves when so many others have answered. */
  async met(count: number): Promise<void> {
    while (this.#peers.size < count) {
      await new Promise<void>((resolve) => this.#met.add(resolve));
    }
  }

  tellLost(): void {
    this.#say(channel, { kind: "lost" });
  }

  tellGone(): void {
    for (const end of this.#ends) end();
    this.#say(channel, { kind: "gone" });
  }

  #here(asks: boolean): Here {
    const { identity, clock, everyMs } = this.#options;
    return {
      kind: "here",
      asks,
      secret_proof: identity.secretProof,
      version: identity.version,
      now: clock.now(),
      up_ms: this.#upMs(),
      every_ms: Math.max(everyMs, this.#peers.size * beatPerPeerMs),
    };
  }

  #say(to: string, what: Said): void {
    this.#options.bus.publish(to, JSON.stringify(what));
  }

  /** How long a node has been silent for longer than it should; above 0: it is. */
  #silentMs({ looks, everyMs }: Peer): number {
    return looks * this.#options.everyMs - beatsMissedMax * everyMs;
  }

  #look(): void {
    const { bus, everyMs, log } = this.#options;
    if (bus.state !== "connected") return;
    const here = this.#here(false);
    if (++this.#looksSinceBeat * everyMs >= here.every_ms) {
      this.#looksSinceBeat = 0;
      this.#say(channel, here);
    }
    // Who hears nothing cannot say of others that they are silent.
    if (bus.isSilent) return;
    for (const [nodeId, peer] of this.#peers) {
      this.#compareClocks(nodeId, peer);
      peer.looks++;
      const silentMs = this.#silentMs(peer);
      if (silentMs > shownSilentMs) this.#peers.delete(nodeId);
      if (silentMs <= 0 || silentMs > everyMs) continue;
      // It may have died with something that it had stored and not yet told. (One that is only cut off says so by itself.)
      log.warn("a node has fallen silent", { node: nodeId });
      this.#options.onMissed();
    }
  }

  #hear(what: Said, from: string): void {
    switch (what.kind) {
      case "here":
        this.#meet(what, from);
        break;
      case "lost":
        this.#options.onMissed();
        break;
      case "gone":
        this.#peers.delete(from);
        break;
    }
  }

  #meet(what: Here, from: string): void {
    const known = this.#peers.get(from);
    const peer = known ?? { everyMs: 0, looks: 0, apartMs: 0, looksApart: 0 };
    if (known && this.#silentMs(known) > 0) {
      this.#options.log.info("a silent node is heard again", { node: from });
      this.#options.onMissed();
    }
    peer.everyMs = what.every_ms;
    peer.looks = 0;
    peer.apartMs = this.#options.clock.now() - what.now;
    this.#peers.set(from, peer);
    if (!known) this.#compare(what, from);
    if (what.asks) this.#say(`${channel}:${from}`, this.#here(false));
    for (const resolve of this.#met) resolve();
    this.#met.clear();
  }

  #compare(theirs: Here, from: string): void {
    const { bus, log, identity, clock, isStarting, onMisfit } = this.#options;
    const olderByMs = this.#upMs() - theirs.up_ms;
    const isYounger = Math.abs(olderByMs) < startsAtOnceMs ? bus.nodeId > from : olderByMs < 0;
    const apartMs = clock.now() - theirs.now;
    const misfit =
      theirs.secret_proof !== identity.secretProof
        ? "has another JWT_SECRET: give every node the same one, or none at all"
        : isStarting() && Math.abs(apartMs) >= clocksApart.refuseMs
          ? `has a clock ${inWords(apartMs)} this one: set both by NTP`
          : undefined;
    if (misfit !== undefined) {
      const message = `another node of this installation (${from}, version ${theirs.version}) ${misfit}`;
      if (isYounger) onMisfit(new StartError(message));
      else log.error(`${message}; it should not have started`);
    } else if (theirs.version !== identity.version) {
      log.info("another node runs another version", { node: from, version: theirs.version });
    }
  }

  /** Warns once of each time that clocks are apart. */
  #compareClocks(node: string, peer: Peer): void {
    if (Math.abs(peer.apartMs) < clocksApart.warnMs) peer.looksApart = 0;
    else if (++peer.looksApart === looksApartMax) {
      const { log } = this.#options;
      log.warn(`the clock of another node is ${inWords(peer.apartMs)} this one: set both by NTP`, { node });
    }
  }

  #upMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }
}

/** Where the other clock is, when this one is so much ahead. */
function inWords(apartMs: number): string {
  return `${Math.round(Math.abs(apartMs) / 1_000)} s ${apartMs > 0 ? "behind" : "ahead of"}`;
}
