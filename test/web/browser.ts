import { type Browser, type BrowserContext, chromium, type Locator, type Page } from "playwright-core";
import { until } from "../support/deferred.ts";
import { lackOf } from "../support/needs.ts";
import { type Reachable, testPassword } from "../support/people.ts";

/** Why no browser can be started here; `undefined` when one can. */
export const chromiumLack = lackOf("chromium");

/** Sends nothing anywhere but to the pages' own server. */
const switches =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " +
  "--disable-component-update --disable-sync";

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: Bun.which("chromium") ?? "chromium", args: switches.split(" ") });
}

export interface VisitOptions {
  /** Another way to the server, e.g. through a chaos proxy. */
  server?: Reachable;
  /** Registers this person and signs them in before the page opens. */
  as?: string;
  path?: string;
  size?: "phone" | "desktop";
  scheme?: "light" | "dark";
  locale?: string;
  /** Whether this person has asked their system for less motion: nothing is caught half faded in. */
  still?: boolean;
}

const sizes = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } } as const;

async function isServed({ url }: Reachable): Promise<boolean> {
  try {
    await (await fetch(url)).body?.cancel();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ECONNRESET") return false;
    throw error;
  }
}

/** One browser window of one person, with what went wrong in it. */
export class Visit {
  /** Errors of the page itself: exceptions, and what the content policy refused. */
  readonly errors: string[] = [];

  private constructor(
    readonly server: Reachable,
    readonly context: BrowserContext,
    readonly page: Page,
    readonly size: "phone" | "desktop",
  ) {
    // Shorter than a test's own time, so that what was waited for is named.
    context.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      // The browser itself notes requests that failed or were refused; many tests are about these.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
        if (!message.text().startsWith("WebSocket connection to")) this.errors.push(message.text());
      }
    });
  }

  static async open(browser: Browser, server: Reachable, options: VisitOptions = {}): Promise<Visit> {
    const { size = "desktop", scheme = "light", locale = "en-GB", path = "/", still = false } = options;
    // From source the client is bundled at the first request, which on a busy machine may outlast the connection.
    await until(() => isServed(server), "the client is bundled", 60_000);
    const context = await browser.newContext({
      viewport: sizes[size],
      hasTouch: size === "phone",
      colorScheme: scheme,
      reducedMotion: still ? "reduce" : "no-preference",
      locale,
    });
    const visit = new Visit(server, context, await context.newPage(), size);
    if (options.as !== undefined) await visit.register(options.as);
    await visit.go(path);
    return visit;
  }

  /** Registers without the page: the session's cookie is the browser's from then on. */
  async register(username: string): Promise<void> {
    await this.#signIn("register", username);
  }

  /** Signs in somebody who has an account. */
  async signIn(username: string): Promise<void> {
    await this.#signIn("login", username);
  }

  async #signIn(how: "register" | "login", username: string): Promise<void> {
    const answer = await this.context.request.post(`${this.server.url}/api/v1/auth/${how}`, {
      data: { username, password: testPassword },
      headers: { "Parley-Refresh": "cookie" },
    });
    if (!answer.ok()) throw new Error(`${how} of ${username}: ${answer.status()} ${await answer.text()}`);
  }

  async go(path: string): Promise<void> {
    await this.page.goto(this.server.url + path);
  }

  get log(): Locator {
    return this.page.getByRole("log");
  }

  get composer(): Locator {
    return this.page.getByRole("textbox", { name: "Message to" });
  }

  /** The bubbles in sight that hold `text`. */
  messages(text: string): Locator {
    return this.log.locator(".message").filter({ hasText: text });
  }

  /** Writes and sends as people do: by Enter, on a phone by the button. */
  async say(text: string): Promise<void> {
    await this.composer.fill(text);
    if (this.size === "phone") await this.page.getByRole("button", { name: "Send", exact: true }).click();
    else await this.composer.press("Enter");
  }

  /**
   * Presses a key on a row of the timeline. A row that was not measured yet is hidden and takes no focus, and what has just
   * been left gives the focus to the field in the next frame: waits until the row has it and keeps it.
   */
  async pressOn(row: Locator, key: string): Promise<void> {
    await row.waitFor();
    const takesFocus = () =>
      row.evaluate(async (element: HTMLElement) => {
        element.focus();
        for (let frame = 0; frame < 2; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
        return document.activeElement === element;
      });
    await until(takesFocus, `${row} takes the focus`, 20_000);
    await this.page.keyboard.press(key);
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}
