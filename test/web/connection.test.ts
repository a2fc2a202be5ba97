import { afterAll, beforeAll, expect, test } from "bun:test";
import { ChaosProxy } from "../support/chaos-proxy.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("a page whose connection comes and goes", () => {
  let server: TestServer;
  let proxy: ChaosProxy;
  const visit = useBrowsers(() => server);

  beforeAll(async () => {
    server = await startServer();
    proxy = await ChaosProxy.before(server.url);
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  const offline = "Offline: messages will be sent when you are back";

  test("says that it is offline, keeps what is written in the meantime, and sends it once when it is back", async () => {
    const ann = await visit("ann", { as: "ann", server: proxy });
    const ben = await visit("ben", { as: "ben" });
    await ann.say("before");
    await ben.messages("before").waitFor();

    proxy.cut();
    await ann.page.getByText(offline).waitFor();
    await ann.say("written offline");
    await ann.messages("written offline").getByText("Waiting to be sent").waitFor();
    await ann.messages("before").waitFor();
    await ben.say("said meanwhile");

    proxy.restore();
    // As the system tells a page when the network is back; by itself it would try again within seconds.
    await ann.page.evaluate(() => void window.dispatchEvent(new Event("online")));
    await ann.messages("written offline").getByText("Sent", { exact: true }).waitFor();
    await ben.messages("written offline").waitFor();
    await ann.messages("said meanwhile").waitFor();
    await ann.page.getByText("Reconnected").waitFor();
    await ann.page.getByText("Reconnected").waitFor({ state: "hidden" });
    expect(await ben.messages("written offline").count()).toBe(1);
    expect(await ann.messages("written offline").count()).toBe(1);
  });

  test("what was not sent yet survives a reload", async () => {
    const cat = await visit("ann", { as: "cat", server: proxy });
    const dan = await visit("ben", { as: "dan" });
    await cat.composer.waitFor();
    proxy.cut();
    await cat.page.getByText(offline).waitFor();
    await cat.say("kept over the reload");
    await cat.messages("kept over the reload").getByText("Waiting to be sent").waitFor();
    // The page goes before its socket could come back.
    await cat.page.goto("about:blank");
    proxy.restore();
    await cat.go("/");
    await cat.messages("kept over the reload").getByText("Sent", { exact: true }).waitFor();
    await dan.messages("kept over the reload").waitFor();
    expect(await dan.messages("kept over the reload").count()).toBe(1);
  });

  /** Nobody may write in any room until `untilMs`. No route mutes yet, but the rule is in force. */
  async function muteAll(untilMs: number | null): Promise<void> {
    const { db } = server.context;
    const { members } = db.tables;
    await db.write((tx) => tx.update(members).set({ muted_until: untilMs }));
    for (const { room_key, user_key } of await db.read.select().from(members)) {
      server.context.publish.invalidate("memberships", `${room_key}:${user_key}`);
    }
  }

  test("a send that is refused says why, and can be sent again or removed", async () => {
    const eve = await visit("ann", { as: "eve" });
    const fay = await visit("ben", { as: "fay" });
    await eve.page.getByRole("button", { name: "New room" }).click();
    await eve.page.getByLabel("Name", { exact: true }).fill("Refusing");
    await eve.page.getByRole("button", { name: "Create room" }).click();
    await eve.page.getByRole("heading", { name: "Refusing", level: 1 }).waitFor();
    await fay.go(new URL(eve.page.url()).pathname);
    await fay.page.getByRole("button", { name: "Join room" }).click();
    await fay.composer.waitFor();

    await muteAll(Date.now() + 3_600_000);
    await eve.say("first");
    await eve.say("second");
    await eve.messages("first").getByText("You are muted in this room").waitFor();
    await eve.messages("second").getByText("You are muted in this room").waitFor();

    // What failed is kept as well, until somebody decides.
    await eve.page.reload();
    await eve.messages("first").getByText("Not sent").waitFor();
    await eve.messages("first").getByRole("button", { name: "Remove" }).click();
    await eve.messages("first").waitFor({ state: "detached" });

    await muteAll(null);
    await eve.messages("second").getByRole("button", { name: "Send again" }).click();
    await fay.messages("second").waitFor();
    // Perhaps it is read before anybody has seen that it was sent.
    await eve.messages("second").getByText("Read", { exact: true }).waitFor();
    expect(await fay.messages("first").count()).toBe(0);
    expect(await fay.messages("second").count()).toBe(1);
  });
});
