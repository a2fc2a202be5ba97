import type { CloseCode } from "../../protocol/close.ts";
import type { EventFor, EventName, EventPayload } from "../../protocol/events.ts";
import type { Publish, Reaction } from "../context.ts";
import { atMost } from "../platform/at-most.ts";
import type { Bus } from "../platform/bus/bus.ts";
import type { CacheRegistry } from "../platform/cache/cache.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics.ts";
import { seldom } from "../platform/seldom.ts";
import { deliver, devicesOf, fromAfar, roomOf } from "./audience.ts";
import { frame } from "./frames.ts";
import type { Hub } from "./hub.ts";
import { type Address, channelOf, decode, encode, type Order } from "./node-message.ts";

interface PublishOptions {
  hub: Hub;
  bus: Bus;
  caches: CacheRegistry;
  clock: Clock;
  log: Log;
  metrics: Pick<Metrics, "bridgeUnreadable">;
  /** The rooms, other than the lobby, that a person is in. */
  roomsOf: (userId: string) => Promise<string[]>;
}

/** Nobody waits longer for the bridge than this; should it come later, what was missed is read from the database. */
const heardWithinMs = 1_000;
/** Remembered while the bridge is away (G7); whoever is not among them learns it with their next connection. */
const unheardMax = 20_000;
const makeUpAfterMs = 1_000;
/** The bridge takes an order in a quarter of a millisecond; nobody waits for one that is too busy to. */
const toldWithinMs = 50;

/** Channels of people begin so; see {@link channelOf}. */
const personal = "user:";

/** `Publish` over the hub of this node and the bus to the others. */
export class Publisher implements Publish {
  readonly #options: PublishOptions;
  readonly #listening = new Map<string, () => void>();
  readonly #notUnderstood = seldom((from: string, error: unknown) =>
    this.#options.log.warn("a message of another node was not understood", { from, error }),
  );
  /** Who was told something that other nodes may not have heard. */
  readonly #unheard = new Set<string>();
  /** The last order is on its way. */
  #telling: Promise<void> | undefined;
  /** People whose channel is not heard yet. */
  readonly #coming = new Map<string, PromiseWithResolvers<void>>();

  constructor(options: PublishOptions) {
    this.#options = options;
    const { hub } = options;
    if (!options.bus.mayHaveOthers) return;
    hub.interest = {
      begin: (kind, id) => this.#begin(kind, id),
      end: (kind, id) => {
        if (kind === "user") this.#come(id);
        this.#ignore(`${kind}:${id}`);
      },
      heard: (userIds) => this.#heard(userIds),
      onLive: () => {},
      onMissed: () => {},
    };
    options.bus.onState((state) => state === "connected" && this.#makeUp());
    options.bus.onDropped((channel) => this.#noteUnheard(channel));
    this.#listen("all", () => hub.interest.onLive(undefined));
  }

  toRoom<N extends EventFor<"room">>(type: N, payload: EventPayload<N>, blocked?: readonly Reaction[]): void {
    this.#event(roomOf(type, payload, blocked), type, payload);
  }

  passOver(roomId: string, rev: number): void {
    this.#deliver({ to: "room", roomId, rev }, "");
  }

  toRoomNow<N extends EventFor<"passing">>(by: string, type: N, payload: EventPayload<N>): void {
    this.#event({ to: "room_now", roomId: payload.room_id, by }, type, payload);
  }

  toUser<N extends EventFor<"user" | "passing">>(userId: string, type: N, payload: EventPayload<N>): void {
    this.#event(devicesOf(userId, type, payload), type, payload);
  }

  toAcquaintances<N extends EventFor<"acquaintances">>(userId: string, type: N, payload: EventPayload<N>): void {
    this.#options.roomsOf(userId).then(
      (roomIds) => this.#event({ to: "acquaintances", userId, roomIds }, type, payload),
      (error: unknown) => this.#options.log.error("an event did not reach a person's acquaintances", { type, error }),
    );
  }

  isWatched(userId: string): boolean {
    return this.#options.hub.watchers.has(userId);
  }

  toWatchers<N extends EventFor<"watchers">>(
    userId: string,
    type: N,
    payload: EventPayload<N>,
    isFor: (viewerKey: number) => boolean,
  ): void {
    const { hub, clock } = this.#options;
    const text = frame(type, payload, clock.now());
    hub.egress.inTurnGathering(() => {
      for (const session of hub.watchers.of(userId)) {
        if (session.viewer && isFor(session.viewer.key)) hub.egress.gather(session, text);
      }
    });
  }

  disconnect(target: { userId: string; sessionId?: string; exceptSessionId?: string }, code: CloseCode): void {
    this.#order({ do: "disconnect", ...target, code });
  }

  closeOldest(userId: string, count: number): void {
    const { hub } = this.#options;
    for (const session of [...hub.of(userId)].slice(0, count)) hub.close(session, 4009);
  }

  emptyRoom(roomId: string, keepMembers: boolean): void {
    this.#order({ do: "empty", roomId, keepMembers });
  }

  hide(userId: string, authorId: string, isHidden: boolean): void {
    this.#order({ do: "hide", userId, authorId, isHidden });
  }

  invalidate(cache: string, key: string): void {
    this.#order({ do: "invalidate", cache, key });
  }

  told(): Promise<unknown> | undefined {
    const { state, isSilent } = this.#options.bus;
    if (this.#telling === undefined || isSilent || state !== "connected") return undefined;
    return atMost(toldWithinMs, this.#telling);
  }

  /** Serialised once, for this node's sockets and for the other nodes. */
  #event<N extends EventName>(address: Address, type: N, payload: EventPayload<N>): void {
    this.#deliver(address, frame(type, payload, this.#options.clock.now()));
  }

  #deliver(address: Address, text: string): void {
    const { hub, bus } = this.#options;
    deliver(hub, address, text);
    if (bus.isAlone) return;
    const channel = channelOf(address);
    bus.publish(channel, encode(address, text));
    if (address.to === "room" || address.to === "user") hub.onTold(channel);
  }

  #noteUnheard(channel: string): void {
    const { bus, clock } = this.#options;
    if (!channel.startsWith(personal) || this.#unheard.size >= unheardMax) return;
    // There was too much to say for a moment. Where the bridge is away they are told when it is back.
    if (this.#unheard.size === 0 && bus.state === "connected") clock.after(makeUpAfterMs, () => this.#makeUp());
    this.#unheard.add(channel.slice(personal.length));
  }

  /** What is told people has no number that would show that they lack it: whoever could not be told gets everything anew. */
  #makeUp(): void {
    const { bus } = this.#options;
    if (bus.state !== "connected") return;
    const unheard = [...this.#unheard];
    this.#unheard.clear();
    for (const userId of unheard) {
      const order: Order = { do: "anew", userId };
      bus.publish(channelOf(order), encode(order));
    }
  }

  #order(order: Order): void {
    const { bus } = this.#options;
    this.#obey(order);
    if (bus.isAlone) return;
    bus.publish(channelOf(order), encode(order));
    const telling = bus.carried();
    this.#telling = telling;
    void telling?.then(() => {
      if (this.#telling === telling) this.#telling = undefined;
    });
  }

  #obey(order: Order): void {
    const { hub, caches } = this.#options;
    switch (order.do) {
      case "disconnect":
        for (const session of hub.of(order.userId)) {
          const sessionId = session.viewer?.sessionId;
          const isMeant = order.sessionId === undefined || order.sessionId === sessionId;
          if (isMeant && sessionId !== order.exceptSessionId) hub.close(session, order.code);
        }
        break;
      case "empty":
        hub.toEach((session) => {
          if (!order.keepMembers || session.isWatching(order.roomId)) hub.leave(session, order.roomId);
        });
        break;
      case "anew":
        hub.interest.onMissed(order.userId);
        break;
      case "hide":
        hub.hiddenAuthors.set(order.userId, order.authorId, order.isHidden);
        break;
      case "invalidate":
        caches.drop(order.cache, order.key);
        break;
    }
  }

  #begin(kind: "room" | "user", id: string): void {
    const { interest } = this.#options.hub;
    if (kind === "user") this.#coming.set(id, Promise.withResolvers());
    this.#listen(`${kind}:${id}`, () => (kind === "user" ? this.#come(id) : interest.onLive(id)));
  }

  #come(userId: string): void {
    this.#coming.get(userId)?.resolve();
    this.#coming.delete(userId);
  }

  #heard(userIds: readonly string[]): Promise<unknown> | undefined {
    const coming = userIds.flatMap((id) => this.#coming.get(id)?.promise ?? []);
    const { state, isSilent } = this.#options.bus;
    if (coming.length === 0 || state !== "connected" || isSilent) return undefined;
    return atMost(heardWithinMs, Promise.all(coming));
  }

  #listen(channel: string, onLive: () => void): void {
    const { bus } = this.#options;
    this.#listening.set(
      channel,
      bus.subscribe(channel, (text, from) => this.#hear(text, from), onLive),
    );
  }

  #ignore(channel: string): void {
    this.#listening.get(channel)?.();
    this.#listening.delete(channel);
  }

  #hear(text: string, from: string): void {
    const { hub } = this.#options;
    try {
      const { message, frame } = decode(text);
      if ("do" in message) this.#obey(message);
      else deliver(hub, fromAfar(message), frame);
    } catch (error) {
      this.#options.metrics.bridgeUnreadable.inc();
      this.#notUnderstood(from, error);
    }
  }
}
