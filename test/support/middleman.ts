/** What becomes of a request: the answer comes, or the connection breaks before or after it has reached the server. */
type Fate = "answered" | "lost on the way" | "answer lost";

/** Stands between a program and an HTTP server, counts what passes, and loses what a test says. */
export class Middleman {
  /** Decides by what is asked; every request is answered until it is set. */
  fate: (asked: string) => Fate = () => "answered";
  requests = 0;
  readonly #server: Bun.Server<undefined>;

  constructor(target: string) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        this.requests++;
        const { pathname } = new URL(request.url);
        const asked = await request.text();
        const fate = this.fate(asked);
        if (fate === "lost on the way") return broken();
        const answer = await fetch(new URL(pathname, target), {
          method: request.method,
          headers: request.headers,
          ...(asked !== "" && { body: asked }),
        });
        const body = await answer.arrayBuffer();
        return fate === "answered" ? new Response(body, { status: answer.status }) : broken();
      },
    });
  }

  get url(): string {
    return this.#server.url.href.replace(/\/$/, "");
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }
}

/** As a proxy says it whose server has gone. */
function broken(): Response {
  return new Response("the other end has gone", { status: 502 });
}
