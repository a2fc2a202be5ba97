import { join, resolve } from "node:path";
import { z } from "zod";
import { limits } from "../protocol/limits.ts";
import { databaseUrlForms, findKind } from "./database-url.ts";

/** A variable holds what it may not hold. The message names the variable, its value and what is allowed. */
export class ConfigError extends Error {}

const switches = { on: true, off: false } as const;

function duration(text: string): number | undefined {
  const match = /^(\d{1,6})(s|m|h|d)$/.exec(text);
  if (!match) return undefined;
  const unit = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] as "s" | "m" | "h" | "d"];
  return Number(match[1]) * unit || undefined;
}

const drainMaxMs = 300_000;

const secretVariables = new Set([
  "DATABASE_URL",
  "DATABASE_REPLICA_URL",
  "REDIS_URL",
  "SMTP_URL",
  "JWT_SECRET",
  "METRICS_TOKEN",
]);

/** A server with its name, and at most the number of a database. */
const redisUrlForm = /^rediss?:\/\/[^/?#]+(?:\/\d{0,3})?$/;

/** Whether every % begins a character: a password with one in it has to say %25. */
function isEncoded(text: string): boolean {
  try {
    return decodeURIComponent(text) !== "";
  } catch {
    return false;
  }
}

class Reader {
  constructor(private readonly env: Record<string, string | undefined>) {}

  /** An empty variable counts as unset. */
  text(name: string): string | undefined {
    return this.env[name]?.trim() || undefined;
  }

  read<T>(name: string, fallback: T, allowed: string, parse: (text: string) => T | undefined): T {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = parse(text);
    if (value === undefined) {
      const held = secretVariables.has(name) ? "a value that is not shown" : JSON.stringify(text);
      throw new ConfigError(`${name} holds ${held}; it may hold ${allowed}`);
    }
    return value;
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    return this.read(name, fallback, `a whole number from ${min} to ${max}`, (text) => {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    });
  }

  duration(name: string, fallback: string): number {
    return this.read(name, duration(fallback) ?? 0, "a time such as 90s, 15m, 24h or 7d", duration);
  }

  choice<const T extends string>(name: string, fallback: T, choices: readonly T[]): T {
    return this.read(name, fallback, choices.join(", "), (text) => choices.find((choice) => choice === text));
  }

  switch(name: string, fallback: "on" | "off"): boolean {
    return switches[this.choice(name, fallback, ["on", "off"])];
  }

  url(name: string, protocols: readonly string[]): URL | undefined {
    return this.read<URL | undefined>(
      name,
      undefined,
      `an address that begins with ${protocols.join(" or ")}`,
      (text) => {
        const url = URL.canParse(text) ? new URL(text) : undefined;
        return url && protocols.includes(url.protocol) ? url : undefined;
      },
    );
  }

  origins(name: string): string[] {
    return this.read<string[]>(name, [], "origins such as https://chat.example, with commas between", (text) => {
      const origins = text.split(",").map((part) => part.trim());
      const known = origins.filter((origin) => URL.canParse(origin) && /^https?:/.test(origin));
      return known.length === origins.length ? known.map((origin) => new URL(origin).origin) : undefined;
    });
  }

  addresses(name: string): string[] {
    return this.read<string[]>(
      name,
      [],
      "addresses or ranges such as 127.0.0.1, 10.0.0.0/8, with commas between",
      (text) => {
        const parts = text.split(",").map((part) => part.trim());
        const range = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);
        return parts.every((part) => range.safeParse(part).success) ? parts : undefined;
      },
    );
  }
}

/** Reads the environment: the only place that does. Throws {@link ConfigError}. */
export function readConfig(env: Record<string, string | undefined> = process.env) {
  const from = new Reader(env);
  const dataDir = resolve(from.text("DATA_DIR") ?? "./data");
  const databaseUrl = from.read("DATABASE_URL", `file:${join(dataDir, "parley.db")}`, databaseUrlForms, (text) =>
    findKind(text) === undefined ? undefined : text,
  );
  const databaseAuthToken = from.text("DATABASE_AUTH_TOKEN");
  // Whoever has a token means another database than the file that is taken without a URL.
  if (databaseAuthToken !== undefined && findKind(databaseUrl) !== "remote") {
    throw new ConfigError(
      "DATABASE_AUTH_TOKEN is set, and DATABASE_URL names no libSQL server; set it, or unset the token",
    );
  }
  const databaseReplicaUrl = from.read<string | undefined>("DATABASE_REPLICA_URL", undefined, "postgres://…", (text) =>
    findKind(text) === "postgres" ? text : undefined,
  );
  if (databaseReplicaUrl !== undefined && findKind(databaseUrl) !== "postgres") {
    throw new ConfigError(
      "DATABASE_REPLICA_URL is set, and DATABASE_URL names no Postgres; set it, or unset the replica",
    );
  }
  const databasePool = from.integer("DATABASE_POOL", 16, 4, 1_000);
  const terminal = process.stdout.isTTY === true;
  return {
    host: from.text("HOST") ?? "127.0.0.1",
    port: from.integer("PORT", 3000, 0, 65_535),
    dataDir,
    databaseUrl,
    databaseAuthToken,
    databaseReplicaUrl,
    /** Connections to Postgres at most. */
    databasePool,
    redisUrl: from.read<string | undefined>(
      "REDIS_URL",
      undefined,
      "redis://[user:password@]host[:port][/database], or rediss://… for TLS",
      (text) => (redisUrlForm.test(text) && URL.canParse(text) && isEncoded(text) ? text : undefined),
    ),
    redisSharded: from.switch("REDIS_SHARDED", "off"),
    smtpUrl: from.url("SMTP_URL", ["smtp:", "smtps:"])?.href,
    mailFrom: from.text("MAIL_FROM") ?? "Parley <parley@localhost>",
    /** Without a trailing slash; absent: the address it listens on. */
    publicUrl: from.url("PUBLIC_URL", ["http:", "https:"])?.href.replace(/\/+$/, ""),
    allowedOrigins: from.origins("ALLOWED_ORIGINS"),
    trustedProxies: from.addresses("TRUST_PROXY"),
    tlsCert: from.text("TLS_CERT"),
    tlsKey: from.text("TLS_KEY"),
    jwtSecret: from.read<string | undefined>("JWT_SECRET", undefined, "at least 32 characters", (text) =>
      text.length >= 32 ? text : undefined,
    ),
    accessTokenTtlMs: from.duration("ACCESS_TOKEN_TTL", "24h"),
    refreshTokenTtlMs: from.duration("REFRESH_TOKEN_TTL", "7d"),
    bcryptCost: from.integer("BCRYPT_COST", 12, 4, 15),
    registration: from.choice("REGISTRATION", "open", ["open", "invite", "closed"]),
    guests: from.switch("GUESTS", "on"),
    messagesPerSecond: from.integer("RATE_MESSAGES_PER_SECOND", limits.messagesPerSecond, 0, 1_000_000),
    socketsPerUser: from.integer("MAX_SOCKETS_PER_USER", limits.socketsPerUser, 0, 1_000_000),
    rateLimits: from.switch("RATE_LIMITS", "on"),
    messageMaxChars: from.integer("MESSAGE_MAX_CHARS", limits.messageChars, 1, 60_000),
    roomMaxMembers: from.integer("ROOM_MAX_MEMBERS", limits.roomMembers, 2, 100_000),
    drainDelayMs: from.read("DRAIN_DELAY", 0, "0s or a time such as 20s, up to 5m", (text) => {
      const ms = text === "0s" ? 0 : duration(text);
      return ms !== undefined && ms <= drainMaxMs ? ms : undefined;
    }),
    logLevel: from.choice("LOG_LEVEL", "info", ["debug", "info", "warning", "error"]),
    logFormat: from.choice("LOG_FORMAT", terminal ? "text" : "json", ["json", "text"]),
    logFile: from.text("LOG_FILE"),
    metricsToken: from.text("METRICS_TOKEN"),
  };
}

export type Config = ReturnType<typeof readConfig>;
