import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chownSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { openDatabase } from "../../src/server/platform/db/open.ts";
import { named } from "../../src/server/platform/log.ts";
import { StartError } from "../../src/server/platform/start-error.ts";
import { joinBridge } from "../support/bridge.ts";
import { makeCertificates } from "../support/certificates.ts";
import { temporaryFolder } from "../support/environment.ts";
import { freePort } from "../support/free-port.ts";
import { orFail } from "../support/needs.ts";
import { postgresLack, PostgresServer, unprivileged } from "../support/postgres.ts";
import { redisLack, TestRedis } from "../support/redis.ts";
import { projectRoot } from "../support/source-files.ts";

const lack = postgresLack ?? redisLack ?? orFail(Bun.which("openssl") ? undefined : "openssl is not installed");
const title = "database and bridge over TLS, with certificates of an authority of one's own";

describe.skipIf(lack !== undefined)(lack === undefined ? title : `${title} (skipped: ${lack})`, () => {
  const { authority, certificate, key } = makeCertificates();
  let database: PostgresServer;
  let url: string;
  let redis: TestRedis;

  beforeAll(async () => {
    const user = unprivileged();
    if (user) chownSync(key, user.uid, user.gid);
    database = await PostgresServer.start({ settings: { ssl: "on", ssl_cert_file: certificate, ssl_key_file: key } });
    url = (await database.fresh()).url;
    const port = await freePort();
    const files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", authority];
    redis = await TestRedis.start({
      port,
      args: ["--port", "0", "--tls-port", String(port), "--tls-auth-clients", "no", ...files],
    });
  }, 30_000);
  afterAll(async () => {
    await database.stop();
    await redis.stop();
  });

  const refusal = async (starting: Promise<{ close(): Promise<void> }>) => {
    const error = await starting.then(
      (opened) => opened.close(),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StartError);
    const line = error instanceof Error ? error.message : "";
    expect(line).not.toContain("\n");
    return line;
  };
  const open = (more: string, host = "127.0.0.1") => openDatabase(url.replace("127.0.0.1", host) + more, named("test"));

  test.each([
    ["", false],
    ["?sslmode=require", true],
    [`?sslmode=verify-ca&sslrootcert=${authority}`, true],
    [`?sslmode=verify-full&sslrootcert=${authority}`, true],
  ])("Postgres is spoken to as %s says", async (more, isEncrypted) => {
    const db = await open(more);
    if (db.dialect !== "postgres") throw new Error("this is no Postgres");
    const [session] = await db.ask(
      (sql) => sql<{ ssl: boolean }[]>`SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()`,
    );
    expect(session?.ssl).toBe(isEncrypted);
    await db.close();
  });

  test("a Postgres whose certificate is not to be trusted is refused in one line that names what to change", async () => {
    for (const mode of ["verify-ca", "verify-full"]) {
      expect(await refusal(open(`?sslmode=${mode}`))).toMatch(/certificate is not trusted here .*sslrootcert=FILE/);
    }
    const stranger = makeCertificates().authority;
    expect(await refusal(open(`?sslmode=verify-full&sslrootcert=${stranger}`))).toContain("is not trusted here");
    expect(await refusal(open(`?sslmode=verify-full&sslrootcert=${authority}`, "localhost"))).toContain(
      "is for another host",
    );
    expect(await refusal(open("?sslmode=verify-full&sslrootcert=/no/such/file"))).toContain("/no/such/file");
    expect(await refusal(open("?sslmode=sometimes"))).toContain("sslmode in it may be disable, allow");
  });

  test("a bridge whose certificate is not to be trusted is refused as well, and one that speaks no TLS", async () => {
    const options = { nodeId: "new", prefix: "tls:" };
    expect(await refusal(joinBridge({ url: redis.url.replace("redis:", "rediss:"), ...options }))).toBe(
      "REDIS_URL leads to a server whose certificate is not trusted here; NODE_EXTRA_CA_CERTS names a file with further authorities",
    );
    const plain = `rediss://127.0.0.1:${database.port}`;
    const bus = await joinBridge({ url: plain, ...options });
    expect(bus.state).toBe("away");
    await bus.close();
  });

  test("NODE_EXTRA_CA_CERTS names the authority to both", async () => {
    const doctor = Bun.spawn([process.execPath, join(projectRoot, "src/main.ts"), "doctor", "--json"], {
      env: {
        PATH: process.env["PATH"] ?? "",
        DATA_DIR: temporaryFolder(),
        DATABASE_URL: `${url}?sslmode=verify-full`,
        REDIS_URL: redis.url.replace("redis:", "rediss:"),
        NODE_EXTRA_CA_CERTS: authority,
      },
    });
    const findings = z
      .array(z.object({ check: z.string(), status: z.string(), message: z.string() }))
      .parse(await new Response(doctor.stdout).json());
    for (const check of ["database", "database server", "bridge"]) {
      expect(findings.find((finding) => finding.check === check)).toMatchObject({ status: "ok" });
    }
  });
});
