/*
 * Long because a world stands in it, made by SQL, in which the plans are worth looking at.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import postgres from "postgres";
import { joinedRoom, message } from "../../src/protocol/models.ts";
import { catchUp } from "../../src/server/search/indexer.ts";
import { until } from "../support/deferred.ts";
import { person } from "../support/people.ts";
import { postgresLack, PostgresServer } from "../support/postgres.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { tour } from "./tour.ts";

/** No statement of a tour looks at more rows than this, however many there are. */
const rowsMax = 3_000;
/** So many messages are there; Postgres plans as if there were twenty times as many. */
const messages = 50_000;
const factor = 20;

/** What looks at more, and why it may. */
const allowed: { sql: RegExp; why: string }[] = [
  { sql: /^select count\(\*\) from "users"/, why: "all in the lobby are counted once for many who ask" },
  { sql: /from "rooms" where \("rooms"."type" = \$1/, why: "the directory of public rooms counts them" },
  { sql: /from "rooms" where \("rooms"."owner_key" = \$1/, why: "when an account is deleted" },
  {
    sql: /from "members" inner join "users" .* where \("members"."room_key"/,
    why: "a room's members are sorted by name",
  },
  { sql: /from "users" left join "members" on/, why: "so are those of the lobby, who are all" },
  { sql: /^update "rooms" set "max_members" = \$1$/, why: "done by this test" },
];

interface Node {
  "Node Type": string;
  "Relation Name"?: string;
  "Actual Rows"?: number;
  "Actual Loops"?: number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Index Recheck"?: number;
  Plans?: Node[];
}

interface Plan {
  "Query Text": string;
  Plan: Node;
}

/** The plans that Postgres has used, as `auto_explain` writes them into its log. */
class Plans {
  readonly all: Plan[] = [];
  #rest = "";

  hear(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  #json: string | undefined;

  #line(line: string): void {
    if (this.#json !== undefined && line.startsWith("\t")) {
      this.#json += line;
      // The outermost brace stands one tab in.
      if (line !== "\t}") return;
      this.all.push(JSON.parse(this.#json) as Plan);
      this.#json = undefined;
    }
    this.#json = line.endsWith("plan:") ? "" : undefined;
  }
}

function rowsLookedAt(node: Node): number {
  const own = node["Relation Name"] === undefined ? 0 : rowsOf(node);
  return (node.Plans ?? []).reduce((sum, child) => sum + rowsLookedAt(child), own);
}

function rowsOf(node: Node): number {
  const { "Actual Rows": rows = 0, "Actual Loops": loops = 0 } = node;
  return (rows + (node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Index Recheck"] ?? 0)) * loops;
}

describe.skipIf(postgresLack !== undefined)("the statements of a tour among a million messages, on Postgres", () => {
  let database: PostgresServer;
  let server: TestServer;
  const plans = new Plans();

  beforeAll(async () => {
    database = await PostgresServer.start({
      settings: {
        autovacuum: "off",
        session_preload_libraries: "auto_explain",
        "auto_explain.log_format": "json",
        "auto_explain.log_analyze": "on",
        "auto_explain.log_timing": "off",
        "auto_explain.log_nested_statements": "on",
        synchronous_commit: "off",
      },
    });
    database.hear = (text) => plans.hear(text);
    const { url } = await database.fresh();
    server = await startServer({ env: { DATABASE_URL: url } });
    const { bigRoomId } = await fill(url);
    const log = (ms: string) =>
      database.administer(async (sql) => {
        await sql.unsafe(`ALTER SYSTEM SET auto_explain.log_min_duration = '${ms}'`);
        await sql`SELECT pg_reload_conf()`;
      });
    await log("0");
    await until(async () => {
      await server.context.db.ping();
      return plans.all.length > 0;
    }, "the first plan");
    await tour(server);
    await lookAround(server, bigRoomId);
    await livesLong(server, url, bigRoomId);
    await server.context.jobs.stop();
    await log("-1");
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await database.stop();
  });

  test("are many, and they were seen", () => {
    const texts = new Set(plans.all.map((plan) => plan["Query Text"]));
    expect(texts.size).toBeGreaterThan(100);
    expect([...texts].some((text) => text.includes("append_messages_1"))).toBe(true);
    expect([...texts].some((text) => text.includes("message_search"))).toBe(true);
  });

  test(`never look at more than ${rowsMax} rows, but where it does no harm`, () => {
    const many = plans.all
      .map((plan) => ({ sql: plan["Query Text"].replaceAll(/\s+/g, " ").trim(), rows: rowsLookedAt(plan.Plan), plan }))
      .filter(({ rows, sql }) => rows > rowsMax && !allowed.some((exception) => exception.sql.test(sql)));
    expect(many.map(({ sql, rows }) => `${rows} rows: ${sql}`)).toEqual([]);
  });

  test("the reader of plans finds a scan", () => {
    const scan = { "Node Type": "Seq Scan", "Relation Name": "messages", "Actual Rows": 1, "Actual Loops": 2 };
    expect(rowsLookedAt({ "Node Type": "Limit", Plans: [{ ...scan, "Rows Removed by Filter": 9 }] })).toBe(20);
  });
});

/**
 * A world in bulk: 10,000 people, 5,000 rooms, one of them with a third of all messages, the lobby with a fifth. Statistics
 * say many times as many rows as there are.
 */
async function fill(url: string): Promise<{ bigRoomId: string }> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(`
      CREATE FUNCTION pg_temp.id() RETURNS text LANGUAGE sql AS $$ SELECT overlay(gen_random_uuid()::text PLACING '7' FROM 15) $$;
      INSERT INTO users (id, username, username_lower, username_skeleton, display_name, display_name_lower,
        email_verified, password_hash, role, bio, status_text, privacy, lobby_from_seq, created_at)
      SELECT pg_temp.id(), 'user' || n, 'user' || n, 'user' || n, 'User ' || n, 'user ' || n,
        false, '', 'user', '', '', '{}', 0, 1 FROM generate_series(1, 10000) n;
      INSERT INTO rooms (id, type, is_lobby, name, name_lower, description, slow_mode_s, member_count, last_seq, rev,
        settings_rev, created_at)
      SELECT pg_temp.id(), 'public', false, 'room ' || n, 'room ' || n, '', 0, 4, 0, 0, 0, 1
      FROM generate_series(1, 5000) n;
      INSERT INTO members (room_key, user_key, role, is_active, read_seq, delivered_seq, rev, joined_at)
      SELECT DISTINCT 2 + n % 5000, 1 + (n * 7919) % 10000, 'member', true, 0, 0, 1, 1 FROM generate_series(1, 20000) n;
      INSERT INTO members (room_key, user_key, role, is_active, read_seq, delivered_seq, rev, joined_at)
      SELECT 2, u, 'member', true, 0, 0, 1, 1 FROM generate_series(1, 2000) u ON CONFLICT DO NOTHING;
      UPDATE rooms SET member_count = (SELECT count(*) FROM members WHERE room_key = 2) WHERE key = 2;
      WITH placed AS (
        SELECT n, CASE WHEN n % 15 < 5 THEN 2 WHEN n % 15 < 8 THEN 1 ELSE 3 + n * 31 % 4998 END AS room
        FROM generate_series(1, ${messages}) n
      )
      INSERT INTO messages (id, room_key, seq, sender_key, client_id, body_hash, type, content, created_at, sent_rev,
        changed_rev, mentions)
      SELECT pg_temp.id(), room, row_number() OVER (PARTITION BY room ORDER BY n), 1 + n * 13 % 10000,
        pg_temp.id(), n, 'text', 'words number ' || n, 1000 * n::bigint, row_number() OVER (PARTITION BY room ORDER BY n),
        CASE WHEN n % 50 = 0 THEN 100000 + n END, CASE WHEN n % 100 = 0 THEN '["all"]' END
      FROM placed ORDER BY n;
      UPDATE rooms SET last_seq = counted.n, rev = 400000
      FROM (SELECT room_key, count(*) AS n FROM messages GROUP BY room_key) counted WHERE counted.room_key = rooms.key;
      INSERT INTO reactions (message_key, user_key, emoji, created_at)
      SELECT n, 1 + n % 10000, '👍', 1 FROM generate_series(1, ${messages}, 4) n;
      INSERT INTO notifications (id, user_key, kind, room_key, message_id, seq, text, source, created_at)
      SELECT pg_temp.id(), 1 + n % 10000, 'mention', 2, NULL, n, '', 'm' || n, 1 FROM generate_series(1, 10000) n;
      INSERT INTO message_search (message_key, room_key, tokens)
      SELECT key, room_key, array_to_tsvector(ARRAY['words', 'number', 'r:' || room_key, 'a:' || key / 4096, 'b:' || key / 65536,
        'c:' || key / 1048576, 'd:' || key / 16777216]) FROM messages WHERE key % 8 = 0;
      UPDATE search_progress SET indexed_key = (SELECT max(key) FROM messages);
      UPDATE notification_progress SET noted_key = (SELECT max(key) FROM messages);
      ANALYZE;
      UPDATE pg_class SET reltuples = reltuples * ${factor}
      WHERE relname IN ('messages', 'reactions', 'notifications', 'members', 'message_search', 'users');
      UPDATE pg_class SET reltuples = reltuples * ${4 * factor} WHERE relname = 'rooms';`);
    const [big] = await sql<{ id: string }[]>`SELECT id FROM rooms WHERE key = 2`;
    if (!big) throw new Error("there is no big room");
    return { bigRoomId: big.id };
  } finally {
    await sql.end();
  }
}

/** What a newcomer looks at in a room of tens of thousands of messages, and in the lobby. */
async function lookAround(server: TestServer, roomId: string): Promise<void> {
  const newcomer = await person(server, "newcomer");
  const get = async (path: string) => {
    const answer = await newcomer.http("GET", path);
    if (answer.status !== 200) throw new Error(`${path}: ${answer.outcome}`);
    return answer;
  };
  await server.context.db.write((tx) => tx.update(server.context.db.tables.rooms).set({ max_members: 5_000 }));
  await newcomer.http("POST", `/rooms/${roomId}/join`);
  const lobby = (await get("/rooms?type=joined")).as(z.array(joinedRoom)).find(({ is_lobby }) => is_lobby)?.id;
  for (const id of [roomId, lobby]) {
    await get(`/rooms/${id}`);
    await get(`/rooms/${id}/members`);
    const page = (await get(`/rooms/${id}/messages?around_seq=5000&limit=50`)).as(z.array(message));
    const middle = page[20];
    for (const query of ["", `?before=${middle?.id}`, `?after=${middle?.id}`, `?around=${middle?.id}`]) {
      await get(`/rooms/${id}/messages${query}`);
    }
    await get(`/rooms/${id}/messages?around_time=1970-01-01T10:00:00Z`);
    for (const rev of [0, 10_000, 250_000]) await get(`/rooms/${id}/changes?since_rev=${rev}`);
    await newcomer.http("POST", `/rooms/${id}/messages/read`, { last_read_message_id: middle?.id });
    await get(`/messages/${middle?.id}`).catch(() => undefined);
    await newcomer.http("PUT", `/messages/${middle?.id}/reactions/${encodeURIComponent("👍")}`);
    await newcomer.http("POST", `/rooms/${id}/messages`, {
      content: "@user1 hello",
      temp_id: `to ${id}`,
      reply_to_id: middle?.id,
    });
    await catchUp(server.context);
    await get(`/rooms/${id}/messages/search?q=words`);
  }
  for (const name of ["user1", "user", "@user77", "user123@example.org"]) await get(`/users/search?q=${name}`);
  await get("/messages/search?q=words");
  await get("/messages/search?q=hello");
  const socket = await newcomer.connect();
  const epoch = socket.seen("connected")[0]?.epoch ?? "";
  await socket.request("sync", { epoch, rooms: [{ room_id: roomId, rev: 399_000 }] });
  socket.cut();
}

/** What somebody does who has been here for years: nearly a thousand friends, requests, blocks and notifications. */
async function livesLong(server: TestServer, url: string, roomId: string): Promise<void> {
  const veteran = await person(server, "veteran");
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql`
      INSERT INTO friendships (user_key, friend_key, created_at)
      SELECT CASE side WHEN 0 THEN own.key ELSE n END, CASE side WHEN 0 THEN n ELSE own.key END, n
      FROM users own, generate_series(1, 900) n, generate_series(0, 1) side WHERE own.id = ${veteran.id}`;
    await sql`INSERT INTO blocks (user_key, blocked_key, created_at)
      SELECT own.key, n, n FROM users own, generate_series(2, 9000, 10) n WHERE own.id = ${veteran.id}`;
    await sql`INSERT INTO friend_requests (id, from_key, to_key, message, created_at)
      SELECT gen_random_uuid()::text, n, own.key, '', n FROM users own, generate_series(3, 9000, 10) n
      WHERE own.id = ${veteran.id}`;
    await sql`INSERT INTO notifications (id, user_key, kind, room_key, message_id, seq, text, source, created_at)
      SELECT gen_random_uuid()::text, own.key, 'mention', 2, NULL, n, '', 'v' || n, n FROM users own,
        generate_series(1, 1000) n WHERE own.id = ${veteran.id}`;
    await sql`INSERT INTO members (room_key, user_key, role, is_active, read_seq, delivered_seq, rev, joined_at)
      SELECT 2, key, 'admin', true, 0, 0, 1, 1 FROM users WHERE id = ${veteran.id}`;
    // And what is everybody else's.
    await sql`INSERT INTO friendships (user_key, friend_key, created_at)
      SELECT 1 + n % 9000, 9001 + n / 9000, n FROM generate_series(0, 44999) n`;
    await sql`INSERT INTO blocks (user_key, blocked_key, created_at)
      SELECT 1 + n % 9000, 9001 + n / 9000, n FROM generate_series(0, 44999) n`;
    await sql`INSERT INTO friend_requests (id, from_key, to_key, message, created_at)
      SELECT gen_random_uuid()::text, 9001 + n / 9000, 1 + n % 9000, '', n FROM generate_series(0, 44999) n`;
    await sql`ANALYZE friendships, blocks, friend_requests`;
    await sql`UPDATE pg_class SET reltuples = reltuples * ${factor}
      WHERE relname IN ('friendships', 'blocks', 'friend_requests')`;
  } finally {
    await sql.end();
  }
  const does = async (method: string, path: string, body?: Record<string, unknown>) => {
    const answer = await veteran.http(method, path, body);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.outcome}`);
    return answer;
  };
  const socket = await veteran.connect();
  for (const path of [
    "/friends",
    "/friends?page=2",
    "/friends/requests?direction=incoming",
    "/blocks",
    "/notifications",
    "/notifications?unread",
    "/users/online",
    "/direct-messages/conversations",
    `/rooms/${roomId}/pins`,
    `/rooms/${roomId}/messages`,
    "/messages/search?q=number",
  ]) {
    await does("GET", path);
  }
  const { id } = (await does("POST", `/rooms/${roomId}/messages`, { content: "first words" })).as(message);
  await does("PATCH", `/messages/${id}`, { content: "other words" });
  await does("PUT", `/messages/${id}/reactions/${encodeURIComponent("👍")}`);
  await does("GET", `/messages/${id}/reactions`);
  await does("DELETE", `/messages/${id}/reactions/${encodeURIComponent("👍")}`);
  await does("POST", `/direct-messages/${(await person(server, "partner")).id}`, { content: "hello" });
  await does("POST", "/notifications/read", { all: true });
  await does("DELETE", `/messages/${id}`);
  socket.cut();
}
