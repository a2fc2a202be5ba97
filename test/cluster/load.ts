import { until } from "../support/deferred.ts";
import { Journal, judge } from "../support/journal.ts";
import type { Cluster } from "./cluster.ts";
import { Player, Script } from "./player.ts";
import { wholeRoom } from "./whole-room.ts";

/** Longer than a node needs to know that it is deaf, and a client to come back from its fifth try. */
const restWithinMs = 45_000;
let crowds = 0;
const running = new Set<Load>();

/**
 * People who talk in one room, each as fast as the acks come back, on whatever node the balancer gives them, and follow
 * it: what a fault is played under.
 */
export class Load {
  #isOn = true;
  readonly #talking: Promise<void>[];

  private constructor(
    readonly players: readonly Player[],
    readonly roomId: string,
    readonly journal: Journal,
  ) {
    running.add(this);
    this.#talking = players.map(async (player) => {
      while (this.#isOn) await player.say(roomId);
    });
  }

  static async on(cluster: Cluster, size = 6): Promise<Load> {
    const journal = new Journal();
    const script = new Script(journal);
    const crowd = ++crowds;
    const players = Array.from({ length: size }, (_, index) => new Player(cluster, `p${crowd}_${index}`, script));
    // Not all at once: so many passwords to hash are more than a node takes on.
    for (let at = 0; at < players.length; at += 4) {
      await Promise.all(players.slice(at, at + 4).map((player) => player.begin()));
    }
    const [first, ...others] = players;
    if (!first) throw new Error("nobody talks");
    const member_ids = others.map(({ id }) => id);
    const { id } = await first.client.http.rooms.create({ name: "crowded", type: "private", member_ids });
    for (const player of players) {
      await until(() => player.client.store.getSnapshot().rooms[id], `${player.name} is in the room`);
      player.follow(id);
    }
    return new Load(players, id, journal);
  }

  /** Resolves when so many more messages than now are acked. */
  async goesOn(count = 60): Promise<void> {
    const goal = this.journal.acks.size + count;
    await until(() => this.journal.acks.size >= goal, `${count} more acks`, restWithinMs);
  }

  /** Resolves when everybody has been sent what was said last, and more was said since. */
  async reachesAll(): Promise<void> {
    await this.goesOn(10);
    const seqs = [...this.journal.acks.values()].map(({ seq }) => seq);
    const goal = Math.max(...seqs);
    await until(
      () => this.players.every(({ followedSeq }) => followedSeq >= goal),
      "everybody hears all",
      restWithinMs,
    );
  }

  /** Ends it, as it is: for a play that failed. */
  static endAll(): void {
    for (const load of running) load.#end();
  }

  #end(): void {
    this.#isOn = false;
    running.delete(this);
    for (const { client } of this.players) client.close();
  }

  /** Ends it, waits for all that is under way, and gives what is wrong, a sentence each. */
  async verdict(): Promise<string[]> {
    this.#isOn = false;
    await Promise.all(this.#talking);
    const [first] = this.players;
    if (!first) throw new Error("nobody talked");
    const timeline = (await wholeRoom(first, this.roomId)).flatMap((each) => ("is_hidden" in each ? [] : [each]));
    const last = timeline.at(-1)?.seq ?? 0;
    const behind = () => this.players.filter(({ followedSeq }) => followedSeq < last);
    await until(() => behind().length === 0, "everybody has everything", restWithinMs).catch(() => {
      // Then the journal says who lacks what.
    });
    const found = judge(this.journal, new Map([[this.roomId, timeline]]));
    for (const { ear } of this.players) found.push(...ear.faults);
    this.#end();
    for (const [tempId, reason] of this.journal.refusals) found.push(`${tempId} was refused: ${reason}`);
    return found;
  }
}
