import type { LogRecord } from "@logtape/logtape";
import { describe, expect, test } from "bun:test";
import { jsonLine, textLine } from "../../src/server/platform/log-format.ts";

function record(message: string, properties: Record<string, unknown> = {}): LogRecord {
  return {
    category: ["parley", "http"],
    level: "info",
    message: [message],
    rawMessage: message,
    timestamp: Date.UTC(2026, 0, 9, 10, 30),
    properties,
  };
}

const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLXRoaXM";

describe("a line of the log", () => {
  test("is one JSON object: time, level, logger and message first, then the fields", () => {
    const line = jsonLine(record("request", { status: 200, path: "/api/v1/rooms" }));
    expect(line).toBe(
      '{"time":"2026-01-09T10:30:00.000Z","level":"info","logger":"parley.http","msg":"request","status":200,"path":"/api/v1/rooms"}\n',
    );
  });

  test("stays one line and leaves terminals alone, whatever is put into it", () => {
    const evil = '\r\n{"level":"fatal"}\u001b[2J\u009b31m\u2028\u0000\u007f';
    for (const line of [jsonLine(record(evil, { [evil]: evil })), textLine(record("request", { name: evil }))]) {
      expect(line.endsWith("\n")).toBe(true);
      // oxlint-disable-next-line no-control-regex
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }
    expect(JSON.parse(jsonLine(record(evil))).msg).toBe(evil);
  });

  test("cannot be made to say another time, level or message by a field", () => {
    const line = JSON.parse(jsonLine(record("request", { level: "fatal", msg: "forged", time: "never" })));
    expect(line).toMatchObject({ level: "info", msg: "request", time: "2026-01-09T10:30:00.000Z" });
  });

  test("holds no token, wherever it stood", () => {
    const error = new Error(`cannot fetch https://x/?token=${token}`, { cause: new Error(`Bearer ${token}`) });
    const properties = {
      error,
      password: "hunter2 hunter2",
      authorization: "Basic abc",
      nested: { refresh_token: "a.1.b", header: `bearer.${token}` },
      url: "postgres://parley:hunter2@db/parley?ticket=abcdef",
    };
    for (const line of [jsonLine(record(token, properties)), textLine(record("request", properties))]) {
      for (const secret of [token, "hunter2", "Basic abc", "a.1.b", "abcdef"]) expect(line).not.toContain(secret);
    }
  });

  test("tells an error with its code and its cause", () => {
    const error = Object.assign(new Error("outer"), { code: "SQLITE_FULL", cause: new Error("inner") });
    const { error: told } = JSON.parse(jsonLine(record("failed", { error })));
    expect(told).toMatchObject({ name: "Error", message: "outer", code: "SQLITE_FULL", cause: { message: "inner" } });
  });

  test("is written also of what JSON cannot hold", () => {
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    expect(jsonLine(record("odd", { big: 1n }))).toContain('"big":"1"');
    expect(JSON.parse(jsonLine(record("odd", circle)))).toMatchObject({ level: "info", msg: "odd" });
    expect(textLine(record("odd", circle))).toContain("odd");
  });
});
