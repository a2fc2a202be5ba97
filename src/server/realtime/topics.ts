import type { Clock } from "../platform/clock.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Publisher, Transport } from "./transport.ts";

const gatherMs = 50;

/** Part of a room's sockets, under a topic of their own. */
class Shard {
  sockets = 0;
  /** Frames that this part has yet to get, in order. */
  waiting: string[] = [];

  constructor(readonly topic: string) {}
}

interface RoomTopic<M> {
  /** Who is in it, while they are so few that each is sent to alone. */
  few: M[] | undefined;
  shards: Shard[];
  sockets: number;
  isGathering: boolean;
}

/** One who is in rooms. */
interface Member {
  readonly transport: Transport;
}

interface TopicsOptions<M> {
  clock: Clock;
  metrics: Pick<Metrics, "deliveries">;
  /** Sends a frame to one socket, together with what else is for it. */
  sendAlone: (member: M, frame: string) => void;
  /** Called before each publish to a topic: what was sent alone goes out first. */
  beforePublish: () => void;
  /** A room got its first socket here, or lost its last. */
  onOpen: (roomId: string) => void;
  onEmpty: (roomId: string) => void;
  /** Up to so many sockets, a room has no topic: with their acknowledgements, frames sent alone cost one call less. */
  fewSockets?: number;
  /** One publish to this many sockets keeps the event loop for 3 to 5 ms. */
  shardSockets?: number;
  /** In rooms with more sockets than this, what comes within 50 ms goes out together. */
  gatherAbove?: number;
}

/**
 * The sockets of each room as native topics. A few sockets are sent to one by one; then a room has one topic, until
 * nobody is left in it; from the 501st socket on it is spread over several,
 * published one after the other with the event loop free in between. Every socket is in exactly one of a room's topics,
 * gets every frame once, and gets them in order.
 */
export class Topics<M extends Member> {
  readonly #rooms = new Map<string, RoomTopic<M>>();
  /** Shards with waiting frames, in the order they get their turn. */
  #due: Shard[] = [];
  #isPacing = false;
  publisher: Publisher = { publish() {} };
  readonly #options: Required<TopicsOptions<M>>;

  constructor(options: TopicsOptions<M>) {
    this.#options = { fewSockets: 4, shardSockets: 500, gatherAbove: 1_000, ...options };
  }

  /** Subscribes a socket and gives the number of its shard, which {@link leave} asks for. */
  join(member: M, roomId: string): number {
    let room = this.#rooms.get(roomId);
    if (!room) {
      room = { few: [], shards: [], sockets: 0, isGathering: false };
      this.#rooms.set(roomId, room);
      this.#options.onOpen(roomId);
    }
    if (room.few) {
      if (room.few.length < this.#options.fewSockets) {
        room.sockets++;
        room.few.push(member);
        return 0;
      }
      this.#giveTopic(roomId, room, room.few);
    }
    let index = room.shards.findIndex(({ sockets }) => sockets < this.#options.shardSockets);
    if (index === -1) index = room.shards.push(new Shard(topicOf(roomId, room.shards.length))) - 1;
    const shard = room.shards[index];
    if (!shard) throw new Error("a room lost a shard");
    // Those who were here before get what was published before; who comes now does not.
    this.#drain(shard);
    shard.sockets++;
    room.sockets++;
    member.transport.subscribe(shard.topic);
    return index;
  }

  /** They have become too many to be sent to alone. */
  #giveTopic(roomId: string, room: RoomTopic<M>, few: readonly M[]): void {
    const shard = new Shard(topicOf(roomId, 0));
    shard.sockets = few.length;
    for (const { transport } of few) transport.subscribe(shard.topic);
    room.few = undefined;
    room.shards.push(shard);
  }

  /** Unsubscribes a socket, after it got what was published before. `isGone`: it is closed already. */
  leave(member: M, roomId: string, index: number, { isGone } = { isGone: false }): void {
    const room = this.#rooms.get(roomId);
    if (!room) return;
    if (room.few) {
      const place = room.few.indexOf(member);
      if (place !== -1) room.few.splice(place, 1);
    } else {
      const shard = room.shards[index];
      if (!shard) return;
      if (!isGone) {
        this.#drain(shard);
        member.transport.unsubscribe(shard.topic);
      }
      shard.sockets--;
      while (room.shards.at(-1)?.sockets === 0) room.shards.pop();
    }
    if (--room.sockets > 0) return;
    this.#rooms.delete(roomId);
    this.#options.onEmpty(roomId);
  }

  /** Sends a frame to everybody in a room, in the order of these calls. */
  publish(roomId: string, frame: string): void {
    const room = this.#rooms.get(roomId);
    if (room?.few) {
      for (const member of room.few) this.#options.sendAlone(member, frame);
      this.#options.metrics.deliveries.inc(room.few.length);
      return;
    }
    const [first] = room?.shards ?? [];
    if (!room || !first) return;
    if (room.shards.length === 1 && first.waiting.length === 0) {
      this.#publish(first, frame);
      return;
    }
    for (const shard of room.shards) shard.waiting.push(frame);
    if (room.isGathering) return;
    if (room.sockets <= this.#options.gatherAbove) {
      this.#pace(room);
      return;
    }
    room.isGathering = true;
    this.#options.clock.after(gatherMs, () => {
      room.isGathering = false;
      this.#pace(room);
    });
  }

  #pace(room: RoomTopic<M>): void {
    for (const shard of room.shards) if (!this.#due.includes(shard)) this.#due.push(shard);
    if (this.#isPacing) return;
    this.#isPacing = true;
    setImmediate(() => this.#step());
  }

  #step(): void {
    const shard = this.#due.shift();
    if (shard) this.#drain(shard);
    this.#isPacing = this.#due.length > 0;
    if (this.#isPacing) setImmediate(() => this.#step());
  }

  #drain(shard: Shard): void {
    if (shard.waiting.length === 0) return;
    for (const frame of shard.waiting.splice(0)) this.#publish(shard, frame);
  }

  #publish(shard: Shard, frame: string): void {
    if (shard.sockets === 0) return;
    this.#options.beforePublish();
    this.publisher.publish(shard.topic, frame, false);
    this.#options.metrics.deliveries.inc(shard.sockets);
  }
}

function topicOf(roomId: string, index: number): string {
  return index === 0 ? `room:${roomId}` : `room:${roomId}:${index}`;
}
