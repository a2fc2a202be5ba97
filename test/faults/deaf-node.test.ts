import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readConfig } from "../../src/server/config.ts";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { message, room } from "../../src/protocol/models.ts";
import { type RunningServer, serve } from "../../src/server/serve.ts";
import { type Ground, prepareGround } from "../support/environment.ts";
import { people, type Person } from "../support/people.ts";
import { postgresLack } from "../support/postgres.ts";
import type { TestSocket } from "../support/socket.ts";

const reached = ({ url }: RunningServer) => ({ url, wsUrl: `${url.replace("http", "ws")}/ws` });

/** Two nodes over one Postgres, of which the second is cut off from the bridge now and then. */
describe.skipIf(postgresLack !== undefined)("a node that is cut off from the bridge", () => {
  const broker = new LocalBroker();
  let ground: Ground;
  let one: RunningServer;
  let two: RunningServer;

  beforeAll(async () => {
    ground = await prepareGround({ dialect: "postgres" });
    const config = readConfig(ground.env);
    one = await serve(config, { bus: broker.join("one") });
    two = await serve(config, { bus: broker.join("two") });
  });
  afterAll(async () => {
    await two?.stop();
    await one?.stop();
    await ground?.clear();
  });

  /** People on the first node, and the same on the second. */
  async function cast<const N extends string>(...names: N[]): Promise<Record<N, Person> & { far: Record<N, Person> }> {
    const here = await people(reached(one), ...names);
    const far = Object.fromEntries(names.map((name) => [name, here[name].at(reached(two))])) as Record<N, Person>;
    return { ...here, far };
  }

  const makeRoom = async (owner: Person, members: Person[], type = "private") =>
    (await owner.http("POST", "/rooms", { name: "room", type, member_ids: members.map(({ id }) => id) })).as(room).id;

  const say = async (person: Person, roomId: string, content: string) =>
    (await person.http("POST", `/rooms/${roomId}/messages`, { content })).as(message);

  /** The messages of a room that a socket got live, each as `seq content`. */
  const got = (socket: TestSocket, roomId: string) =>
    socket
      .seen("new_message")
      .filter((each) => each.room_id === roomId && each.type !== "system")
      .map(({ content }) => content);

  test("gives its sockets what is said elsewhere all the same, once and in order, also what it says itself", async () => {
    const { ann, ben, far } = await cast("ann", "ben");
    const roomId = await makeRoom(ann, [ben]);
    const [here, there] = [await ann.connect(), await far.ben.connect()];
    await say(ann, roomId, "before");
    await there.next("new_message", ({ content }) => content === "before");
    broker.cut("two");
    await here.say(roomId, "one", "a-temp-id");
    await there.say(roomId, "two");
    await say(ann, roomId, "three");
    const { payload } = await there.next("new_message", ({ content }) => content === "one");
    expect(payload).toMatchObject({ temp_id: "a-temp-id", sender: { id: ann.id }, type: "text", reactions: [] });
    await there.next("new_message", ({ content }) => content === "three");
    // The other node hears nothing of this one either, and notices it in the database alone.
    await here.next("new_message", ({ content }) => content === "two");
    await say(ann, roomId, "four");
    await there.next("new_message", ({ content }) => content === "four");
    broker.mend("two");
    await say(ann, roomId, "five");
    await there.say(roomId, "six");
    for (const socket of [here, there]) {
      await socket.next("new_message", ({ content }) => content === "six");
      await socket.fence();
      expect(got(socket, roomId)).toEqual(["before", "one", "two", "three", "four", "five", "six"]);
      const revs = socket.seen("new_message").filter((each) => each.room_id === roomId);
      expect(revs.map(({ rev }) => rev)).toEqual(revs.map(({ rev }) => rev).sort((a, b) => a - b));
      socket.close();
    }
  });
});
