import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readConfig } from "../../src/server/config.ts";
import { LocalBroker } from "../../src/server/platform/bus/local-bus.ts";
import { type RunningServer, serve } from "../../src/server/serve.ts";
import { type Ground, prepareGround } from "../support/environment.ts";
import { people, type Person } from "../support/people.ts";
import { postgresLack } from "../support/postgres.ts";
import { unrulyBus } from "../support/unruly-bus.ts";

const reached = ({ url }: RunningServer) => ({ url, wsUrl: `${url.replace("http", "ws")}/ws` });

/** Two nodes over one Postgres, which do not hear everything of each other. */
describe.skipIf(postgresLack !== undefined)("how people are, where something of it was not heard,", () => {
  const broker = new LocalBroker();
  let ground: Ground;
  let one: RunningServer;
  let two: RunningServer;
  /** Whether a node loses a message. */
  let loses: (node: "one" | "two", channel: string, message: string) => boolean = () => false;

  beforeAll(async () => {
    ground = await prepareGround({ dialect: "postgres" });
    const config = readConfig(ground.env);
    const bus = (node: "one" | "two") =>
      unrulyBus(broker.join(node), { of: (channel, message) => (loses(node, channel, message) ? null : 0) });
    one = await serve(config, { bus: bus("one") });
    two = await serve(config, { bus: bus("two") });
  });
  afterEach(() => {
    loses = () => false;
  });
  afterAll(async () => {
    await two?.stop();
    await one?.stop();
    await ground?.clear();
  });

  async function befriend(asking: Person, asked: Person): Promise<void> {
    await asking.http("POST", "/friends/requests", { user_id: asked.id });
    // Both have asked: that is an agreement.
    await asked.http("POST", "/friends/requests", { user_id: asking.id });
  }

  test("is read when a node learns that it may have missed a choice", async () => {
    const { ann, ben } = await people(reached(one), "ann", "ben");
    await befriend(ann, ben);
    const [anns, bens] = [await ann.at(reached(two)).connect(), await ben.connect()];
    await anns.next("user_status_changed", ({ user_id, status }) => user_id === ben.id && status === "online");
    loses = (_, channel) => channel.startsWith("presence");
    await bens.request("set_status", { status: "busy" });
    loses = () => false;
    // As the bridge says it when something of another node may have been lost.
    broker.mend("two");
    await anns.next("user_status_changed", ({ user_id, status }) => user_id === ben.id && status === "busy");
    for (const socket of [anns, bens]) socket.close();
  });

  test("is told who has a new friend, whatever the node knew that told of the friendship", async () => {
    const { cleo, dora } = await people(reached(one), "cleo", "dora");
    loses = (node, channel) => node === "one" && channel.startsWith("presence");
    const [cleos, doras] = [await cleo.at(reached(two)).connect(), await dora.at(reached(two)).connect()];
    await doras.request("set_status", { status: "busy" });
    await befriend(cleo, dora);
    const { payload } = await cleos.next("relationship_changed", ({ friend }) => friend);
    expect(payload.user.status).toBe("offline");
    await cleos.next("user_status_changed", ({ user_id, status }) => user_id === dora.id && status === "busy");
    for (const socket of [cleos, doras]) socket.close();
  });

  test("is shown again to whom a block kept from it, though the order to do so was lost", async () => {
    const { emil, fay } = await people(reached(one), "emil", "fay");
    const [emils, fays] = [await emil.at(reached(two)).connect(), await fay.connect()];
    await fays.request("send_direct_message", { receiver_id: emil.id, content: "hello", temp_id: "1" });
    await emils.next("room_added");
    await fay.http("PUT", `/blocks/${emil.id}`);
    await emils.next("user_status_changed", ({ user_id, status }) => user_id === fay.id && status === "offline");
    loses = (node, channel) => node === "two" && channel === "all";
    await fay.http("DELETE", `/blocks/${emil.id}`);
    loses = () => false;
    broker.mend("two");
    await emils.next("user_status_changed", ({ user_id, status }) => user_id === fay.id && status === "online");
    for (const socket of [emils, fays]) socket.close();
  });
});
