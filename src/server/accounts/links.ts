import { perContext, type Context } from "../context.ts";

/**
 * Addresses that are mailed, logged or handed on. They begin with `PUBLIC_URL`, or with the address the server listens
 * on; never with what a request says of its host, which its sender chooses. Secrets stand behind `#`: browsers do not
 * send that part, so no log and no Referer has them. An invitation is meant to be passed on and may stand in the path.
 */
class Links {
  #base = "";

  constructor(private readonly config: Context["config"]) {
    const scheme = config.tlsCert === undefined ? "http" : "https";
    const host = config.host.includes(":") ? `[${config.host}]` : config.host;
    this.listensAt(`${scheme}://${host}:${config.port}`);
  }

  /** Where the server has come to listen, which with `PORT=0` nobody knows before. */
  listensAt(url: string): void {
    // An address that means "all of mine" leads nowhere.
    const reachable = url.replace(/\/\/(0\.0\.0\.0|\[::\])(?=[:/]|$)/, "//localhost").replace(/\/+$/, "");
    this.#base = this.config.publicUrl ?? reachable;
  }

  setup(code: string): string {
    return `${this.#base}/setup#${code}`;
  }
  verify(token: string): string {
    return `${this.#base}/verify#${token}`;
  }
  reset(token: string): string {
    return `${this.#base}/reset#${token}`;
  }
  invite(code: string): string {
    return `${this.#base}/invite/${code}`;
  }
}

export const links = perContext((ctx) => new Links(ctx.config));
