import { z } from "zod";
import { credentials, me } from "../../src/protocol/models.ts";
import { TestSocket } from "./socket.ts";

/** Where a server under test is reached. */
export interface Reachable {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string;
  /** `ws://127.0.0.1:port/ws`. */
  readonly wsUrl: string;
  /** Where a balancer stands before it that changes requests or refuses them itself: what is behind. */
  readonly behindUrl?: string | undefined;
}

const failure = z.strictObject({
  code: z.string(),
  message: z.string(),
  details: z.array(z.strictObject({ field: z.string(), message: z.string() })),
  request_id: z.string(),
});

const answerBody = z.union([
  z.strictObject({ success: z.literal(true), data: z.unknown(), meta: z.record(z.string(), z.unknown()).optional() }),
  z.strictObject({ success: z.literal(false), error: failure }),
]);

/** What an HTTP request of the API was answered; the shape of the envelope is checked on the way. */
export class Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly data: unknown;
  readonly meta: Record<string, unknown>;
  readonly error: z.infer<typeof failure> | undefined;

  constructor(
    response: Response,
    readonly text: string,
  ) {
    this.status = response.status;
    this.headers = response.headers;
    const body = text === "" ? undefined : answerBody.parse(JSON.parse(text));
    this.data = body?.success ? body.data : undefined;
    this.meta = (body?.success ? body.meta : undefined) ?? {};
    this.error = body?.success === false ? body.error : undefined;
  }

  /** The data, when the request succeeded and they are as `schema` says; else throws what came. */
  as<S extends z.ZodType>(schema: S): z.output<S> {
    if (this.status >= 300) throw new Error(`refused with ${this.status}: ${this.text}`);
    return schema.parse(this.data);
  }

  /** `404 ROOM_NOT_FOUND` or `200`, to compare with what is expected. */
  get outcome(): string {
    return this.error ? `${this.status} ${this.error.code}` : String(this.status);
  }
}

export interface RequestOptions {
  headers?: Record<string, string>;
  token?: string | undefined;
}

/** One request of the API. `path` is below `/api/v1`; a string body goes out as it is, anything else as JSON. */
export async function request(
  server: Reachable,
  method: string,
  path: string,
  body?: unknown,
  { headers = {}, token }: RequestOptions = {},
): Promise<Answer> {
  // Of what nginx never lets through (deploy/nginx.conf), the nodes themselves are asked.
  const isOnlyBehind = /^[^?]*%00/.test(path) || "x-forwarded-for" in headers;
  const url = (isOnlyBehind ? server.behindUrl : undefined) ?? server.url;
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    redirect: "manual",
  });
  return new Answer(response, await response.text());
}

export interface ConnectOptions {
  /** How to sign in; by the token in the URL unless said otherwise. */
  by?: "token" | "ticket" | "subprotocol";
  headers?: Record<string, string>;
  /** Another way to the same server, e.g. through a chaos proxy. */
  wsUrl?: string;
  /** Return at once; otherwise when `ready` has arrived. */
  early?: boolean;
}

const signIn = credentials.extend({ user: me, refresh_token: z.string() });

/** A person of the cast: signed in on one device. */
export class Person {
  readonly id: string;
  readonly username: string;

  constructor(
    readonly server: Reachable,
    readonly password: string,
    signedIn: z.infer<typeof signIn>,
  ) {
    this.id = signedIn.user.id;
    this.username = signedIn.user.username;
    this.token = signedIn.token;
    this.refreshToken = signedIn.refresh_token;
  }

  token: string;
  refreshToken: string;

  http(method: string, path: string, body?: unknown, options: RequestOptions = {}): Promise<Answer> {
    return request(this.server, method, path, body, { token: this.token, ...options });
  }

  /** Opens a socket and waits for `ready`. */
  async connect({ by = "token", headers, wsUrl = this.server.wsUrl, early = false }: ConnectOptions = {}) {
    const query = by === "ticket" ? `?ticket=${await this.ticket()}` : by === "token" ? `?token=${this.token}` : "";
    const socket = new TestSocket(`${wsUrl}${query}`, {
      ...(headers && { headers }),
      ...(by === "subprotocol" && { protocols: ["parley.v1", `bearer.${this.token}`] }),
    });
    if (!early) await socket.ready();
    return socket;
  }

  async ticket(): Promise<string> {
    return (await this.http("POST", "/auth/ws-ticket")).as(z.object({ ticket: z.string() })).ticket;
  }

  /** The same person on another device: a session of its own. */
  async onAnotherDevice(deviceName = "another device"): Promise<Person> {
    return logIn(this.server, this.username, this.password, { device_name: deviceName });
  }

  /** The same person and session, through another address of the server (after a restart, or a proxy). */
  at(server: Reachable): Person {
    return Object.assign(Object.create(Person.prototype) as Person, this, { server });
  }
}

export const testPassword = "correct horse 7 battery";

/** Signs somebody in who has an account, on a session of its own. */
export async function logIn(
  server: Reachable,
  username: string,
  password: string = testPassword,
  extra: Record<string, unknown> = {},
): Promise<Person> {
  const answer = await request(server, "POST", "/auth/login", { username, password, ...extra });
  return new Person(server, password, answer.as(signIn));
}

/** Registers one person. */
export async function person(
  server: Reachable,
  username: string,
  extra: Record<string, unknown> = {},
): Promise<Person> {
  const answer = await request(server, "POST", "/auth/register", { username, password: testPassword, ...extra });
  return new Person(server, testPassword, answer.as(signIn));
}

/** Registers a cast: `const { ann, ben } = await people(server, "ann", "ben")`. */
export async function people<const N extends string>(server: Reachable, ...names: N[]): Promise<Record<N, Person>> {
  const cast: [string, Person][] = [];
  // One after the other, so that ids and the lobby's lines come in the order of the names.
  for (const name of names) cast.push([name, await person(server, name)]);
  return Object.fromEntries(cast) as Record<N, Person>;
}

/** A guest's socket. */
export async function guestSocket(server: Reachable, headers?: Record<string, string>): Promise<TestSocket> {
  const socket = new TestSocket(`${server.wsUrl}?guest=1`, headers ? { headers } : {});
  await socket.ready();
  return socket;
}
