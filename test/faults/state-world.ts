import { z } from "zod";
import type { CommandInput, CommandName } from "../../src/protocol/commands.ts";
import { message, room, type Message } from "../../src/protocol/models.ts";
import { type Answer, type Person, people, type Reachable } from "../support/people.ts";
import type { TestSocket } from "../support/socket.ts";

/** One thing that somebody does. */
export interface Step {
  /** A sentence that names who does what. */
  readonly name: string;
  /** The routes (`POST /rooms/:id/join`, as they are registered) and commands (`join_room`) that it goes through. */
  readonly covers: readonly string[];
  /** Refusals fail the test. */
  run(world: World): Promise<Answer | void>;
}

const cast = ["ann", "ben", "cleo", "dora", "eve", "gil"] as const;
type Name = (typeof cast)[number];

/**
 * Who is there, and where. Ann owns `home`; ben, cleo, eve and gil are in it, dora is not. Whatever a part needs beyond
 * that it makes itself, and keeps under a name of its own in `rooms` or `messages`.
 */
export class World {
  readonly rooms: Record<string, string> = {};
  readonly messages: Record<string, Message> = {};
  #sockets = new Map<Name, TestSocket>();

  private constructor(readonly people: Readonly<Record<Name, Person>>) {}

  static async begun(server: Reachable): Promise<World> {
    const world = new World(await people(server, ...cast));
    const { ann, ben, cleo, eve, gil } = world.people;
    await world.make("home", ann, { type: "public", member_ids: [ben.id, cleo.id, eve.id, gil.id] });
    const joined = (await ann.http("GET", "/rooms?type=joined")).as(z.array(room));
    world.rooms["lobby"] = joined.find(({ is_lobby }) => is_lobby)?.id ?? "";
    return world;
  }

  /** The id of a room by its name in this world. */
  room(name: string): string {
    const id = this.rooms[name];
    if (id === undefined) throw new Error(`there is no room ${name} yet`);
    return id;
  }

  /** A message by the name it was kept under. */
  message(name: string): Message {
    const kept = this.messages[name];
    if (kept === undefined) throw new Error(`there is no message ${name} yet`);
    return kept;
  }

  /** Makes a room that is called `name` here. */
  async make(name: string, owner: Person, body: Record<string, unknown>): Promise<Answer> {
    const answer = await owner.http("POST", "/rooms", { name, ...body });
    this.rooms[name] = answer.as(room).id;
    return answer;
  }

  /** Sends over HTTP, and keeps the message under `as`. */
  async say(who: Name, roomName: string, content: string, as = "last", body: object = {}): Promise<Answer> {
    const answer = await this.people[who].http("POST", `/rooms/${this.room(roomName)}/messages`, { content, ...body });
    this.messages[as] = answer.as(message);
    return answer;
  }

  /** Sends a command over a socket of this person's and waits for what answers it; a refusal throws. */
  async command<N extends CommandName>(who: Name, type: N, payload: CommandInput<N>): Promise<void> {
    const socket = this.#sockets.get(who) ?? (await this.people[who].connect());
    this.#sockets.set(who, socket);
    const answer = await socket.request(type, payload);
    if (answer.type === "error") throw new Error(`${type} was refused: ${JSON.stringify(answer.payload)}`);
  }

  /** Sends a command that nothing answers. */
  async tell<N extends CommandName>(who: Name, type: N, payload: CommandInput<N>): Promise<void> {
    const socket = this.#sockets.get(who) ?? (await this.people[who].connect());
    this.#sockets.set(who, socket);
    socket.send({ type, payload });
    await socket.fence();
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
  }
}
