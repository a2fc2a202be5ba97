import { afterAll, beforeAll, expect, test } from "bun:test";
import { startServer, type TestServer } from "../support/server.ts";
import { describeInBrowser, useBrowsers } from "./visits.ts";

describeInBrowser("languages and themes", () => {
  let server: TestServer;
  const visit = useBrowsers(() => server);
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  test.each([
    ["en-GB", "Sign in", "en", "The name or the password is wrong"],
    ["zh-TW", "登入", "zh-TW", "帳號或密碼錯誤"],
    ["zh-HK", "登入", "zh-TW", "帳號或密碼錯誤"],
    ["zh-CN", "登录", "zh-CN", "账号或密码错误"],
    ["fr-FR", "Sign in", "en", "The name or the password is wrong"],
  ])("a browser in %s reads %s, also from the server", async (locale, signIn, lang, wrong) => {
    const { page } = await visit("ann", { locale, path: "/login" });
    await page.getByRole("button", { name: signIn, exact: true }).waitFor();
    expect(await page.locator("html").getAttribute("lang")).toBe(lang);
    await page.locator("input[name=username]").fill("nobody");
    await page.locator("input[name=password]").fill("not the password");
    await page.getByRole("button", { name: signIn, exact: true }).click();
    await page.getByRole("alert").filter({ hasText: wrong }).waitFor();
  });

  test("the language is changed in the settings, at once, and remembered", async () => {
    const { page } = await visit("ann", { as: "lin", path: "/settings/appearance" });
    await page.getByText("繁體中文").click();
    await page.getByRole("heading", { name: "外觀與語言" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "外觀與語言" }).waitFor();
    await page.getByRole("link", { name: "聊天" }).click();
    await page.getByRole("textbox", { name: "傳訊息到" }).waitFor();
    expect(await page.getByRole("link", { name: /^大廳/ }).count()).toBe(1);
    await page.goto(`${server.url}/settings/appearance`);
    await page.getByText("依瀏覽器").click();
    await page.getByRole("heading", { name: "Appearance and language" }).waitFor();
  });

  test("the theme follows the system until one is chosen, and is there at the first paint", async () => {
    const { page } = await visit("ann", { as: "theo", path: "/settings/appearance", scheme: "dark" });
    const canvas = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await page.getByRole("radio", { name: "Light" }).waitFor();
    const dark = "rgb(17, 23, 21)";
    const light = "rgb(243, 245, 244)";
    expect(await canvas()).toBe(dark);
    await page.emulateMedia({ colorScheme: "light" });
    expect(await canvas()).toBe(light);
    await page.getByText("Dark", { exact: true }).click();
    expect(await canvas()).toBe(dark);
    // Without the client's own script: what paints first already knows.
    await page.route("**/assets/*.js", (route) => route.abort());
    await page.reload();
    expect(await canvas()).toBe(dark);
  });
});
