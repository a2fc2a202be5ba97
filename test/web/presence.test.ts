import { afterAll, beforeAll, expect, test } from "bun:test";
import { room } from "../../src/protocol/models.ts";
import { logIn, type Person } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("presence and typing", () => {
  let server: TestServer;
  let named = 0;
  const visit = useBrowsers(() => server);

  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  /** A room of the two, opened by both; Ben's own session beside his page. */
  async function meet(size: "phone" | "desktop") {
    const [annName, benName] = [`ann${++named}`, `ben${named}`];
    const ann = await visit("ann", { as: annName, size });
    const ben = await visit("ben", { as: benName, size });
    const [annPerson, benPerson] = [await logIn(server, annName), await logIn(server, benName)];
    const made = await annPerson.http("POST", "/rooms", {
      name: `Room ${named}`,
      type: "private",
      member_ids: [benPerson.id],
    });
    const { id } = made.as(room);
    await ann.go(`/rooms/${id}`);
    await ben.go(`/rooms/${id}`);
    await ann.composer.waitFor();
    await ben.composer.waitFor();
    return { ann, ben, id, annName, benName, benPerson };
  }

  const membersOf = (id: string) => `/rooms/${id}/details`;

  for (const size of ["desktop", "phone"] as const) {
    test(`who types is named above the field and in the list, until the message is there (${size})`, async () => {
      const { ann, ben, benName } = await meet(size);
      await ben.composer.pressSequentially("hel");
      const line = ann.page.locator(".typing-line p");
      await line.filter({ hasText: `${benName}⁩ is typing…` }).waitFor();
      await ann.page
        .getByRole("status")
        .filter({ hasText: `${benName}⁩ is typing…` })
        .waitFor({ state: "attached" });
      if (size === "desktop") await ann.page.locator(".room-row-typing").waitFor();
      await ben.say("hello");
      await ann.messages("hello").waitFor();
      expect(await line.count()).toBe(0);
      // Emptying the field is an end too.
      await ben.composer.pressSequentially("no");
      await line.waitFor();
      await ben.composer.fill("");
      await line.waitFor({ state: "detached" });
    });
  }

  test("one chooses a status on the rail, and others see it beside one's name", async () => {
    const { ann, ben, id, benName } = await meet("desktop");
    await ann.go(membersOf(id));
    const row = ann.page.getByRole("button", { name: new RegExp(`@${benName}`) });
    await row.filter({ hasText: "Online" }).waitFor();
    await ben.page.getByRole("button", { name: /Your status: Online/ }).click();
    const dialog = ben.page.getByRole("dialog");
    await dialog.getByRole("radio", { name: "Busy" }).check();
    await ben.page.getByRole("button", { name: /Your status: Busy/, includeHidden: true }).waitFor();
    await row.filter({ hasText: "Busy" }).waitFor();
    await dialog.getByRole("radio", { name: "Invisible" }).check();
    await row.filter({ hasNotText: "Busy" }).waitFor();
    expect(await row.innerText()).not.toContain("Invisible");
    await row.click();
    await ann.page.getByRole("dialog").getByText("Last seen").waitFor();
    await dialog.getByLabel("Status").fill("out for lunch");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "detached" });
  });

  test("on a phone one's status stands in the settings", async () => {
    const { ben, benPerson } = await meet("phone");
    await ben.go("/settings");
    await ben.page.getByRole("button", { name: "Online", exact: true }).click();
    await ben.page.getByRole("radio", { name: "Away" }).check();
    await ben.page.getByRole("button", { name: "Away", exact: true, includeHidden: true }).waitFor();
    expect(await statusOf(benPerson)).toBe("away");
  });

  async function statusOf(person: Person): Promise<unknown> {
    const { data } = await person.http("GET", "/users/me");
    return typeof data === "object" && data !== null && "status" in data ? data.status : undefined;
  }
});
