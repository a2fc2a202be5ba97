/** Above this, looking through the list takes longer than a Map does. */
const listedMax = 32;

/**
 * The rooms of one socket, each with its shard there. Nearly everybody is in a few, and a Map of six takes a kilobyte:
 * of ten thousand sockets that would be most of the heap.
 */
export class RoomShards {
  /** A room's id, then its shard, and so on. */
  #listed: (string | number)[] = [];
  #map: Map<string, number> | undefined;

  get size(): number {
    return this.#map?.size ?? this.#listed.length / 2;
  }

  has(roomId: string): boolean {
    return this.#map ? this.#map.has(roomId) : this.#listed.includes(roomId);
  }

  get(roomId: string): number | undefined {
    if (this.#map) return this.#map.get(roomId);
    const at = this.#listed.indexOf(roomId);
    return at === -1 ? undefined : Number(this.#listed[at + 1]);
  }

  set(roomId: string, shard: number): void {
    if (this.#map) {
      this.#map.set(roomId, shard);
      return;
    }
    const at = this.#listed.indexOf(roomId);
    if (at !== -1) this.#listed[at + 1] = shard;
    else this.#listed.push(roomId, shard);
    if (this.size <= listedMax) return;
    this.#map = new Map(this);
    this.#listed = [];
  }

  delete(roomId: string): void {
    if (this.#map) {
      this.#map.delete(roomId);
      return;
    }
    const at = this.#listed.indexOf(roomId);
    if (at !== -1) this.#listed.splice(at, 2);
  }

  clear(): void {
    this.#map = undefined;
    this.#listed = [];
  }

  keys(): string[] {
    return [...this].map(([roomId]) => roomId);
  }

  *[Symbol.iterator](): Generator<[roomId: string, shard: number]> {
    if (this.#map) {
      yield* this.#map;
      return;
    }
    for (let at = 0; at < this.#listed.length; at += 2) {
      yield [String(this.#listed[at]), Number(this.#listed[at + 1])];
    }
  }
}
