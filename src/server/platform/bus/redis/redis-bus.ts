import { atMost } from "../../at-most.ts";
import type { Log } from "../../log.ts";
import type { Metrics } from "../../metrics.ts";
import { StartError } from "../../start-error.ts";
import type { Bus, BusState, Shared } from "../bus.ts";
import { Canary } from "./canary.ts";
import { isFrom, unseal } from "./envelope.ts";
import { Link } from "./link.ts";
import { Outbox } from "./outbox.ts";
import { reasonOf, refusalIn } from "./refusals.ts";
import { SharedValues } from "./shared-values.ts";
import { Subscriptions } from "./subscriptions.ts";

export interface RedisBusOptions {
  /** `redis://…` or `rediss://…`; never shown, for the password in it. */
  url: string;
  nodeId: string;
  /** Before every channel and key, so that several installations can share a bridge. */
  prefix: string;
  log: Log;
  metrics: Metrics;
}

/** A link that does not stand by then is given up: a frozen server accepts connections and says nothing. */
const linkWithinMs = 3_000;
/** Between two attempts, doubling, each shortened at random by up to a half. */
const retryMs = { first: 50, most: 1_000 };
const lastWordsMs = 1_000;
const showEveryMs = 1_000;
/** A start waits so long for the first link, to refuse what will never work. */
const firstLinkWithinMs = 2_000;

/**
 * The bus over a server that speaks Redis' protocol. Whatever happens to that server, nothing here waits for it: what
 * cannot be sent is dropped, what may have been missed is told by `onState`, and the link is made anew until it stands.
 */
export class RedisBus implements Bus {
  readonly nodeId: string;
  readonly mayHaveOthers = true;
  readonly isAlone = false;
  readonly #options: RedisBusOptions;
  readonly #canaryChannel: string;
  readonly #subscriptions = new Subscriptions();
  readonly #outbox: Outbox;
  readonly #shared: SharedValues;
  readonly #watchers = new Set<(state: BusState) => void>();
  readonly #closing = Promise.withResolvers<void>();
  #state: BusState = "away";
  #canaryHeard: () => void = () => {};
  #heardItselfAt = performance.now();
  readonly #showing: ReturnType<typeof setInterval>;
  #isClosed = false;
  #running: Promise<void> | undefined;

  private constructor(options: RedisBusOptions) {
    this.#options = options;
    this.nodeId = options.nodeId;
    this.#canaryChannel = `${options.prefix}canary:${options.nodeId}`;
    const { metrics, log, prefix, nodeId } = options;
    this.#shared = new SharedValues(prefix, log);
    this.#outbox = new Outbox({
      nodeId,
      onPublished: (count) => metrics.bridgePublished.inc(count),
      onDropped: (count) => metrics.bridgeDropped.inc(count),
    });
    this.#showing = setInterval(() => this.#show(), showEveryMs);
    this.#show();
  }

  /**
   * Begins to keep a link to the bridge, and waits a moment for the first. Throws `StartError` for what will never work
   * as it is configured; a bridge that is not there yet is waited for while the server runs.
   */
  static async open(options: RedisBusOptions): Promise<RedisBus> {
    const bus = new RedisBus(options);
    const first = Promise.withResolvers<unknown>();
    bus.#running = bus.#keepLinked(first.resolve);
    let failure: unknown;
    await atMost(
      firstLinkWithinMs,
      first.promise.then((reason) => {
        failure = reason;
      }),
    );
    const refusal = refusalIn(failure);
    if (refusal !== undefined) {
      await bus.close();
      throw new StartError(`REDIS_URL ${refusal}`);
    }
    return bus;
  }

  get state(): BusState {
    return this.#state;
  }

  get shared(): Shared {
    return this.#shared;
  }

  publish(channel: string, message: string): void {
    this.#outbox.add(this.#options.prefix + channel, message);
  }

  subscribe(channel: string, listener: (message: string, from: string) => void, onLive?: () => void): () => void {
    return this.#subscriptions.add(this.#options.prefix + channel, listener, onLive);
  }

  onState(listener: (state: BusState) => void): () => void {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
  }

  /** What was published before is still sent, if that takes no longer than a moment. */
  async close(): Promise<void> {
    if (this.#state === "connected") await atMost(lastWordsMs, this.#outbox.emptied());
    this.#isClosed = true;
    this.#closing.resolve();
    clearInterval(this.#showing);
    await this.#running;
  }

  /** Makes one link after the other for as long as the bus lives; tells `first` how the first went: nothing is well. */
  async #keepLinked(first: (reason: unknown) => void): Promise<void> {
    const { url, log, metrics } = this.#options;
    let waitMs = retryMs.first;
    let awayAt = performance.now();
    let isAwayTold = false;
    while (!this.#isClosed) {
      const link = new Link({ url, hear: (text, channel) => this.#hear(text, channel) });
      void this.#closing.promise.then(() => link.end(new Error("the bus was closed")));
      const failure = await this.#stand(link);
      first(failure);
      if (failure === undefined) {
        if (isAwayTold) log.info("the bridge is back", { away_ms: Math.round(performance.now() - awayAt) });
        waitMs = retryMs.first;
        isAwayTold = false;
        await this.#serve(link);
        awayAt = performance.now();
        metrics.bridgeReconnects.inc();
      } else link.end(failure);
      if (this.#isClosed) return;
      const reason = await link.lost;
      if (!isAwayTold)
        log.warn("the bridge is away; other nodes are heard through the database", { reason: reasonOf(reason) });
      isAwayTold = true;
      await atMost(waitMs * (0.5 + Math.random() / 2), this.#closing.promise);
      waitMs = Math.min(waitMs * 2, retryMs.most);
    }
  }

  /** Brings a link so far that this node hears itself; gives why that failed, or nothing. */
  #stand(link: Link): Promise<unknown> {
    const heard = Promise.withResolvers<void>();
    this.#canaryHeard = heard.resolve;
    const tooLate = Promise.withResolvers<Error>();
    const timer = setTimeout(() => tooLate.resolve(new Error("it does not answer in time")), linkWithinMs);
    const hearOneself = async () => {
      await link.ready;
      await link.join([this.#canaryChannel]);
      await link.publish([[this.#canaryChannel, ""]]);
      await heard.promise;
      return undefined;
    };
    return Promise.race([hearOneself().catch((error: unknown) => error), link.lost, tooLate.promise]).finally(() =>
      clearTimeout(timer),
    );
  }

  /** Uses a link until it is lost. */
  async #serve(link: Link): Promise<void> {
    const canary = new Canary({
      // What fails here is told by the link itself.
      send: () => void link.publish([[this.#canaryChannel, ""]]).catch((error: unknown) => link.end(error)),
      onDeaf: () => link.end(new Error("this node does not hear itself")),
    });
    this.#canaryHeard = () => canary.heard();
    this.#outbox.carriedBy(link);
    this.#shared.carriedBy(link);
    void this.#subscriptions.carriedBy(link).then(() => {
      if (this.#subscriptions.link === link) this.#enter("connected");
    });
    await link.lost;
    canary.stop();
    this.#subscriptions.dropped();
    this.#outbox.dropped();
    this.#shared.carriedBy(undefined);
    this.#enter("away");
  }

  #show(): void {
    const { metrics } = this.#options;
    for (const state of ["connected", "away"] as const)
      metrics.bridgeState.set({ state }, state === this.#state ? 1 : 0);
    metrics.bridgeCanaryAge.set((performance.now() - this.#heardItselfAt) / 1_000);
    metrics.bridgeChannels.set(this.#subscriptions.size);
  }

  #enter(state: BusState): void {
    this.#state = state;
    this.#show();
    for (const watcher of this.#watchers) this.#guard(() => watcher(state));
  }

  #hear(text: string, channel: string): void {
    if (channel === this.#canaryChannel) {
      this.#heardItselfAt = performance.now();
      this.#canaryHeard();
      return;
    }
    if (isFrom(this.nodeId, text)) return;
    this.#guard(() => {
      const { from, messages } = unseal(text);
      this.#options.metrics.bridgeReceived.inc(messages.length);
      for (const message of messages) {
        for (const listener of this.#subscriptions.of(channel)) this.#guard(() => listener(message, from));
      }
    });
  }

  /** What a listener throws must reach neither the others nor the connection, which would take it for its own. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#options.log.error("a message of another node could not be taken", { error });
    }
  }
}
