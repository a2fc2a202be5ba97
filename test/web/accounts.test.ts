import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { logIn, people, person, testPassword } from "../support/people.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("accounts on the page", () => {
  let server: TestServer;
  const visit = useBrowsers(() => server);
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  const written = z.object({ to: z.string(), text: z.string() });

  /** The reset link that was mailed to an address, once it has been. */
  function resetLink(to: string): URL | undefined {
    const folder = join(server.dataDir, "outbox");
    for (const name of readdirSync(folder)) {
      const mail = written.parse(JSON.parse(readFileSync(join(folder, name), "utf8")));
      const link = /^http\S+\/reset#\S+$/m.exec(mail.text)?.[0];
      if (mail.to === to && link !== undefined) return new URL(link);
    }
    return undefined;
  }

  test("a wrong password is said, a right one leads where one wanted to go", async () => {
    await person(server, "ann");
    const { page } = await visit("ann", { path: "/settings/devices" });
    await page.getByLabel("User name or email").fill("ann");
    await page.getByLabel("Password", { exact: true }).fill("something else");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("The name or the password is wrong").waitFor();
    await page.getByLabel("Password", { exact: true }).fill(testPassword);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Devices" }).waitFor();
    await page.getByText("Chrome on Linux").waitFor();
  });

  test("a form says what is wrong beside the field, before and after asking the server", async () => {
    await person(server, "taken");
    const { page } = await visit("ann", { path: "/register" });
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByText("Use 3 to 32 letters, digits or _ . -").waitFor();
    await page.getByText("Use 8 to 128 characters").waitFor();
    await page.getByLabel("User name").fill("Taken");
    await page.getByLabel("Password", { exact: true }).fill(testPassword);
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByLabel("User name").and(page.locator("[aria-invalid]")).waitFor();
    expect(await page.getByText("The user name is taken").count()).toBeGreaterThan(0);
  });

  test("a forgotten password is reset by the mailed link, once", async () => {
    await person(server, "oblivious", { email: "oblivious@example.org" });
    const { page } = await visit("ann", { path: "/reset" });
    await page.getByLabel("Email").fill("oblivious@example.org");
    await page.getByRole("button", { name: "Send link" }).click();
    await page.getByText("If an account has this address").waitFor();
    const link = await until(() => resetLink("oblivious@example.org"));
    await page.goto(link.href);
    await page.reload();
    await page.getByLabel("New password").fill("another horse 8 battery");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("Your password has been changed").waitFor();
    await logIn(server, "oblivious", "another horse 8 battery");
    await page.reload();
    await page.getByLabel("New password").fill("yet another horse 9");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("The link is not valid or was used already").first().waitFor();
  });

  /** Mails are written beside the answer, not before it. */
  async function until<T>(look: () => T | undefined): Promise<T> {
    for (const end = Date.now() + 10_000; Date.now() < end; await Bun.sleep(20)) {
      const found = look();
      if (found !== undefined) return found;
    }
    throw new Error("nothing came");
  }

  test("a profile is changed, and others see the new name at once", async () => {
    const { dora, reader } = await people(server, "dora", "reader");
    const made = await dora.http("POST", "/rooms", { name: "Names", type: "private", member_ids: [reader.id] });
    const { id } = made.data as { id: string };
    await dora.http("POST", `/rooms/${id}/messages`, { content: "who am I" });
    const changing = await visit("ann", { path: "/login" });
    await changing.signIn("dora");
    await changing.go("/settings/profile");
    const watching = await visit("ben", { path: "/login" });
    await watching.signIn("reader");
    await watching.go(`/rooms/${id}`);
    await watching.messages("who am I").filter({ hasText: "dora" }).waitFor();
    await changing.page.getByLabel("Display name").fill("Dora Explorer");
    await changing.page.getByRole("button", { name: "Save" }).click();
    await changing.page.getByText("Saved").waitFor();
    await watching.messages("who am I").filter({ hasText: "Dora Explorer" }).waitFor();
  });

  test("another device is signed out from the list, and its page says so at once", async () => {
    const first = await visit("ann", { as: "two-devices", path: "/settings/devices" });
    const second = await visit("ben", { path: "/login" });
    await second.signIn("two-devices");
    await second.go("/");
    await second.composer.waitFor();
    await first.page.reload();
    await first.page.getByRole("button", { name: /^Sign out (?!everywhere)/ }).click();
    await second.page.getByText("You were signed out.").waitFor();
  });
});
