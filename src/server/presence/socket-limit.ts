import type { Context } from "../context.ts";
import type { Present } from "./person.ts";

interface Nodes {
  get(userKey: number): Present | undefined;
  /** Asks a node to tell what has changed there; {@link SocketLimit.settled} follows, also when it has died. */
  ask(nodeId: string): void;
  isThere(nodeId: string): boolean;
}

/**
 * How many sockets one may have, on all nodes together. Every node knows when each of a person's sockets came and closes
 * those of its own that are among the oldest of too many; so all come to the same without asking anybody who decides. But
 * a socket that has just gone elsewhere may still be counted here, and all those of a node that died: the nodes concerned
 * are asked first, and one that does not answer is waited for until it is taken for dead.
 */
export class SocketLimit {
  /** Who may have too many, and the nodes that have yet to say so. */
  readonly #doubted = new Map<number, Set<string>>();

  constructor(
    private readonly ctx: Pick<Context, "config" | "publish" | "bus">,
    private readonly nodes: Nodes,
  ) {}

  /** Their sockets have become others, here or elsewhere. */
  look(present: Present): void {
    if (!present.elsewhere || this.#doubted.has(present.key) || this.#excess(present) === 0) return;
    const asked = new Set(present.elsewhere.keys().filter((nodeId) => this.nodes.isThere(nodeId)));
    if (asked.size === 0) return;
    this.#doubted.set(present.key, asked);
    for (const nodeId of asked) this.nodes.ask(nodeId);
  }

  /** All that this node has told is known, or it is gone. */
  settled(nodeId: string): void {
    for (const [userKey, asked] of this.#doubted) {
      if (!asked.delete(nodeId) || asked.size > 0) continue;
      this.#doubted.delete(userKey);
      const present = this.nodes.get(userKey);
      const excess = present ? this.#excess(present) : 0;
      if (present && excess > 0) this.ctx.publish.closeOldest(present.id, excess);
    }
  }

  /** How many sockets of this node are among the oldest of too many. */
  #excess({ opened, elsewhere }: Present): number {
    const { socketsPerUser } = this.ctx.config;
    if (socketsPerUser === 0 || !opened || opened.length === 0 || !elsewhere) return 0;
    const { nodeId } = this.ctx.bus;
    const all = opened.map((at) => ({ at, nodeId }));
    for (const [other, { sockets }] of elsewhere) for (const at of sockets) all.push({ at, nodeId: other });
    const tooMany = all.length - socketsPerUser;
    if (tooMany <= 0) return 0;
    all.sort((a, b) => a.at - b.at || (a.nodeId < b.nodeId ? -1 : 1));
    return all.slice(0, tooMany).filter((socket) => socket.nodeId === nodeId).length;
  }
}
