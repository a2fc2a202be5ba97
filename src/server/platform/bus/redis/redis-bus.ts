import { atMost } from "../../at-most.ts";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import type { Metrics } from "../../metrics.ts";
import { StartError } from "../../start-error.ts";
import type { Bus, BusState, Shared } from "../bus.ts";
import { Listeners } from "../listeners.ts";
import { type Envelope, isFrom, seal, unseal } from "./envelope.ts";
import { LinkKeeper } from "./link-keeper.ts";
import type { Link } from "./link.ts";
import { Outbox } from "./outbox.ts";
import { type Identity, Peers } from "./peers.ts";
import { refusalIn } from "./refusals.ts";
import { PlainLink } from "./plain-link.ts";
import { ShardedLink } from "./sharded-link.ts";
import { SharedValues } from "./shared-values.ts";
import { Strangers } from "./strangers.ts";
import { Subscriptions } from "./subscriptions.ts";

export interface RedisBusOptions {
  /** `redis://…` or `rediss://…`; never shown, for the password in it. */
  url: string;
  /** The bridge is a cluster, each member of which carries channels of its own. */
  isSharded: boolean;
  nodeId: string;
  /** Before every channel and key, so that several installations can share a bridge. */
  prefix: string;
  /** The history of the database that all nodes of the installation share. */
  epoch: string;
  identity: Identity;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  /** This node turned out, while it runs, not to fit to those that were here before it. */
  onMisfit: (error: StartError) => void;
  /** A node with another history uses the bridge. */
  onStranger: (epoch: string) => void;
  /** Between two looks at the other nodes, and eight canaries: a second, but for tests. */
  everyMs?: number;
}

/** A start waits so long for the first link, to refuse what will never work. */
const firstLinkWithinMs = 2_500;
/** … and so long for those that are here already, to see whether it fits to them. */
const othersWithinMs = 1_000;
/** What was published just before the end is waited for so long. */
const lastWordsMs = 1_000;
const unreadableToldEveryMs = 60_000;
const defaultEveryMs = 1_000;

/**
 * The bus over a server that speaks Redis' protocol. Whatever happens to that server, nothing here waits for it: what
 * cannot be sent is dropped, what may have been missed is told by `onState`, and the link is made anew until it stands.
 */
export class RedisBus implements Bus {
  readonly nodeId: string;
  readonly mayHaveOthers = true;
  readonly isAlone = false;
  readonly #options: RedisBusOptions;
  readonly #everyMs: number;
  readonly #subscriptions = new Subscriptions();
  readonly #onState = new Listeners<BusState>((error) => this.#couldNotTake(error));
  readonly #onSilence = new Listeners<void>((error) => this.#couldNotTake(error));
  readonly #onDropped = new Listeners<string>((error) => this.#couldNotTake(error));
  readonly #outbox: Outbox;
  readonly #shared: SharedValues;
  readonly #peers: Peers;
  readonly #strangers: Strangers;
  readonly #links: LinkKeeper;
  readonly #showing: ReturnType<typeof setInterval>;
  #state: BusState = "away";
  #isSilent = false;
  /** Some of what this node published reached nobody, and the others have not been told. */
  #hasDropped = false;
  #missedTimer: ReturnType<typeof setTimeout> | undefined;
  #missedToldAt = -Infinity;
  #toldUnreadableAt = -Infinity;
  #misfit: StartError | undefined;
  #hasStarted = false;
  #isClosed = false;

  private constructor(options: RedisBusOptions) {
    const { url, nodeId, prefix, identity, clock, log, metrics, everyMs = defaultEveryMs } = options;
    this.#everyMs = everyMs;
    const link = { url, prefix, nodeId, hear: (text: string, channel: string) => this.#hear(text, channel) };
    const members: string[] = [];
    this.#options = options;
    this.nodeId = nodeId;
    this.#shared = new SharedValues(log);
    this.#outbox = new Outbox({
      nodeId,
      onPublished: (count) => metrics.bridgePublished.inc(count),
      onDropped: (channel, count) => {
        metrics.bridgeDropped.inc(count);
        this.#hasDropped = true;
        this.#onDropped.tell(channel);
      },
    });
    const onMissed = () => this.#tellMissed();
    const onMisfit = (error: StartError) => {
      this.#misfit = error;
      if (this.#hasStarted) options.onMisfit(error);
    };
    this.#peers = new Peers({
      bus: this,
      identity,
      clock,
      log,
      metrics,
      everyMs,
      isStarting: () => !this.#hasStarted,
      onMissed,
      onMisfit,
    });
    this.#strangers = new Strangers({
      epoch: options.epoch,
      listen: (channel, listener) => this.#subscriptions.add(channel, listener),
      say: (channel, text) => this.#outbox.add(channel, text),
      onStranger: options.onStranger,
    });
    this.#links = new LinkKeeper({
      makeLink: () => (options.isSharded ? new ShardedLink(link, members) : new PlainLink(link)),
      isEncrypted: url.startsWith("rediss:"),
      log,
      everyMs,
      onUp: (link) => this.#begin(link),
      onDown: () => this.#end(),
      onSilence: (isSilent) => this.#hearSilence(isSilent),
    });
    this.#showing = setInterval(() => this.#look(), everyMs);
    this.#show();
  }

  /**
   * Begins to keep a link to the bridge, and waits a moment for the first. Throws `StartError` for what will never work
   * as it is configured; a bridge that is not there yet is waited for while the server runs.
   */
  static async open(options: RedisBusOptions): Promise<RedisBus> {
    const bus = new RedisBus(options);
    let failure: unknown;
    const first = bus.#links.first.then((reason) => {
      failure = reason;
    });
    await atMost(firstLinkWithinMs, first);
    const refusal = refusalIn(failure);
    const error = refusal === undefined ? bus.#misfit : new StartError(`REDIS_URL ${refusal}`);
    if (error) {
      await bus.close();
      throw error;
    }
    bus.#hasStarted = true;
    return bus;
  }

  get state(): BusState {
    return this.#state;
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  neighbours(): readonly string[] {
    return this.#peers.all();
  }

  get shared(): Shared {
    return this.#shared;
  }

  publish(channel: string, message: string): void {
    this.#outbox.add(channel, message);
  }

  subscribe(channel: string, listener: (message: string, from: string) => void, onLive?: () => void): () => void {
    return this.#subscriptions.add(channel, listener, onLive && (() => this.#guard(onLive)));
  }

  readonly carried = () => this.#outbox.carried();
  readonly onState = (listener: (state: BusState) => void) => this.#onState.add(listener);
  readonly onSilence = (listener: () => void) => this.#onSilence.add(listener);
  readonly onDropped = (listener: (channel: string) => void) => this.#onDropped.add(listener);

  /** What was published before is still sent, if that takes no longer than a moment. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#peers.tellGone();
    if (this.#state === "connected") await atMost(lastWordsMs, Promise.resolve(this.#outbox.carried()));
    clearInterval(this.#showing);
    clearTimeout(this.#missedTimer);
    await this.#links.close();
  }

  /** Everything goes over this link from now on. Resolves when those who are here have been met, if they answer soon. */
  async #begin(link: Link): Promise<void> {
    this.#outbox.carriedBy(link);
    this.#shared.carriedBy(link);
    await this.#subscriptions.carriedBy(link);
    if (this.#subscriptions.link !== link) return;
    this.#enter("connected");
    this.#tellDropped();
    this.#strangers.greet();
    const { channel, text } = this.#peers.greeting();
    const listeners = await link.publishOne(channel, seal(this.nodeId, [text]));
    await atMost(othersWithinMs, this.#peers.met(listeners - 1));
  }

  #hearSilence(isSilent: boolean): void {
    this.#isSilent = isSilent;
    if (!isSilent) return;
    this.#options.metrics.bridgeSilences.inc();
    this.#onSilence.tell();
  }

  #end(): void {
    this.#isSilent = false;
    this.#subscriptions.dropped();
    this.#outbox.dropped();
    this.#shared.carriedBy(undefined);
    if (this.#isClosed) return;
    this.#options.metrics.bridgeLinksLost.inc();
    this.#enter("away");
  }

  #enter(state: BusState): void {
    this.#state = state;
    this.#show();
    this.#onState.tell(state);
  }

  #look(): void {
    this.#show();
    this.#tellDropped();
  }

  #tellDropped(): void {
    if (!this.#hasDropped || this.#state !== "connected") return;
    this.#hasDropped = false;
    this.#peers.tellLost();
  }

  #show(): void {
    const { bridgeState, bridgeCanaryAge, bridgeChannels, bridgeNodes } = this.#options.metrics;
    for (const state of ["connected", "away"] as const) bridgeState.set({ state }, state === this.#state ? 1 : 0);
    bridgeCanaryAge.set(this.#links.canaryAgeMs / 1_000);
    bridgeChannels.set(this.#subscriptions.size);
    const { here, silent } = this.#peers.count();
    bridgeNodes.set({ state: "here" }, here);
    bridgeNodes.set({ state: "silent" }, silent);
  }

  /** Something of others may have been missed although all is well here: told at once, and then once a second at most, as whoever is told asks the database. */
  #tellMissed(): void {
    if (this.#state !== "connected" || this.#missedTimer) return;
    const waitMs = Math.max(0, this.#missedToldAt + this.#everyMs - performance.now());
    this.#missedTimer = setTimeout(() => {
      this.#missedTimer = undefined;
      this.#missedToldAt = performance.now();
      if (this.#state === "connected") this.#enter("connected");
    }, waitMs);
  }

  #hear(text: string, channel: string): void {
    if (isFrom(this.nodeId, text)) return;
    let envelope: Envelope;
    try {
      envelope = unseal(text);
    } catch (error) {
      this.#couldNotRead(error);
      return;
    }
    const { from, messages } = envelope;
    this.#options.metrics.bridgeReceived.inc(messages.length);
    for (const message of messages) {
      for (const listener of this.#subscriptions.of(channel)) this.#guard(() => listener(message, from));
    }
  }

  /** Of a node that speaks another version every message is like that: a line a minute says enough. */
  #couldNotRead(error: unknown): void {
    this.#options.metrics.bridgeUnreadable.inc();
    if (performance.now() - this.#toldUnreadableAt < unreadableToldEveryMs) return;
    this.#toldUnreadableAt = performance.now();
    this.#options.log.warn("messages of another node cannot be read; is it of another version?", { error });
  }

  /** What a listener throws must reach neither the others nor the connection, which would take it for its own. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#couldNotTake(error);
    }
  }

  #couldNotTake(error: unknown): void {
    this.#options.log.error("a message of another node could not be taken", { error });
  }
}
