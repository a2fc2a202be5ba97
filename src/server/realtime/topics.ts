import type { Clock } from "../platform/clock.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { RoomFrame } from "./room-frame.ts";
import type { Publisher, Transport } from "./transport.ts";

const gatherMs = 50;

/** Part of a room's sockets, under a topic of their own. */
class Shard {
  sockets = 0;
  /** Frames that this part has yet to get, in order. */
  waiting: RoomFrame[] = [];
  readonly topic: string;

  constructor(
    readonly roomId: string,
    readonly index: number,
  ) {
    this.topic = index === 0 ? `room:${roomId}` : `room:${roomId}:${index}`;
  }
}

interface RoomTopic<M> {
  /** Who is in it, while it has no topic: they are few, or nobody has said anything yet. */
  listed: M[] | undefined;
  shards: Shard[];
  sockets: number;
  isGathering: boolean;
}

/** One who is in rooms. */
interface Member {
  readonly transport: Transport;
}

/** One who gets something else than everybody: `text`, or nothing. */
export interface Apart<M> {
  member: M;
  /** Their shard in the room. */
  shard: number;
  text: string | null;
}

interface TopicsOptions<M> {
  clock: Clock;
  metrics: Pick<Metrics, "deliveries">;
  /** Sends a frame to one socket, together with what else is for it. */
  sendAlone: (member: M, frame: string) => void;
  /** Who in the room gets something else than everybody; asked when the frame goes out. */
  apart: (roomId: string, frame: RoomFrame) => readonly Apart<M>[];
  /** Called before each publish to a topic: what was sent alone goes out first. */
  beforePublish: () => void;
  /** A room got its first socket here, or lost its last. */
  onOpen: (roomId: string) => void;
  onEmpty: (roomId: string) => void;
  /** Up to so many sockets, a room has no topic: with their acknowledgements, frames sent alone cost one call less. */
  fewSockets?: number;
  /** Up to so many, a room in which nothing happens has none either: each socket in a topic takes 72 bytes more. */
  silentSockets?: number;
  /** One publish to this many sockets keeps the event loop for 3 to 5 ms. */
  shardSockets?: number;
  /** In rooms with more sockets than this, what comes within 50 ms goes out together. */
  gatherAbove?: number;
}

/**
 * The sockets of each room as native topics. A few sockets are sent to one by one; more get a topic with the first thing
 * that is sent there, which the room keeps until nobody is left in it; from the 501st socket on it is spread over several,
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
    this.#options = { fewSockets: 4, silentSockets: 100, shardSockets: 500, gatherAbove: 1_000, ...options };
  }

  /** Subscribes a socket and gives the number of its shard, which {@link leave} asks for. */
  join(member: M, roomId: string): number {
    let room = this.#rooms.get(roomId);
    if (!room) {
      room = { listed: [], shards: [], sockets: 0, isGathering: false };
      this.#rooms.set(roomId, room);
      this.#options.onOpen(roomId);
    }
    if (room.listed) {
      if (room.listed.length < Math.max(this.#options.fewSockets, this.#options.silentSockets)) {
        room.sockets++;
        room.listed.push(member);
        return 0;
      }
      this.#giveTopic(roomId, room, room.listed);
    }
    let index = room.shards.findIndex(({ sockets }) => sockets < this.#options.shardSockets);
    if (index === -1) index = room.shards.push(new Shard(roomId, room.shards.length)) - 1;
    const shard = room.shards[index];
    if (!shard) throw new Error("a room lost a shard");
    // Those who were here before get what was published before; who comes now does not.
    this.#drain(shard);
    shard.sockets++;
    room.sockets++;
    member.transport.subscribe(shard.topic);
    return index;
  }

  /** They have become too many to be sent to alone, or to be listed. */
  #giveTopic(roomId: string, room: RoomTopic<M>, listed: readonly M[]): void {
    const shard = new Shard(roomId, 0);
    shard.sockets = listed.length;
    for (const { transport } of listed) transport.subscribe(shard.topic);
    room.listed = undefined;
    room.shards.push(shard);
  }

  /** Unsubscribes a socket, after it got what was published before. `isGone`: it is closed already. */
  leave(member: M, roomId: string, index: number, { isGone } = { isGone: false }): void {
    const room = this.#rooms.get(roomId);
    if (!room) return;
    if (room.listed) {
      const place = room.listed.indexOf(member);
      if (place !== -1) room.listed.splice(place, 1);
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
  publish(roomId: string, frame: RoomFrame): void {
    const room = this.#rooms.get(roomId);
    const listed = room?.listed;
    if (listed && listed.length > this.#options.fewSockets) this.#giveTopic(roomId, room, listed);
    else if (listed) {
      const apart = this.#options.apart(roomId, frame);
      for (const member of listed) {
        const own = apart.length === 0 ? undefined : apart.find((each) => each.member === member);
        const text = own ? own.text : frame.text;
        if (text !== null) this.#options.sendAlone(member, text);
      }
      this.#options.metrics.deliveries.inc(listed.length);
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

  /** Those who are to get something else are out of the topic meanwhile: cheaper than sending to all others singly. */
  #publish(shard: Shard, frame: RoomFrame): void {
    if (shard.sockets === 0) return;
    this.#options.beforePublish();
    const apart = this.#options.apart(shard.roomId, frame);
    for (const { member, shard: index } of apart) {
      if (index === shard.index) member.transport.unsubscribe(shard.topic);
    }
    this.publisher.publish(shard.topic, frame.text, false);
    for (const { member, shard: index, text } of apart) {
      if (index !== shard.index) continue;
      member.transport.subscribe(shard.topic);
      // At once, not gathered: all before it is out, and the next frame may be published in this very step.
      if (text !== null) member.transport.sendText(text);
    }
    this.#options.metrics.deliveries.inc(shard.sockets);
  }
}
