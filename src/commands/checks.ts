import { X509Certificate } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { z } from "zod";
import type { Config } from "../server/config.ts";
import { StartError } from "../server/platform/start-error.ts";
import { inspectDatabase } from "../server/platform/db/inspect.ts";
import { examineBridge, examinePostgres } from "./check-services.ts";
import { failed, type Finding, ok, type Verdict, warning } from "./finding.ts";
import { oneLine } from "./terminal.ts";

type Check = (config: Config) => Promise<Verdict> | Verdict;

const healthTimeoutMs = 5_000;
const freeBytesMin = 500e6;
const openFilesMin = 10_000;
const dayMs = 86_400_000;

/** Where a server of this configuration answers on this machine. */
function ownAddress(config: Config): string {
  const anywhere: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "[::1]" };
  const host = anywhere[config.host] ?? (config.host.includes(":") ? `[${config.host}]` : config.host);
  return `${config.tlsCert ? "https" : "http"}://${host}:${config.port}`;
}

/** Asks the running server whether it is alive. Throws `StartError` when nobody answers. */
export async function askHealth(config: Config): Promise<boolean> {
  const address = ownAddress(config);
  try {
    const response = await fetch(`${address}/healthz`, {
      signal: AbortSignal.timeout(healthTimeoutMs),
      // It is asked by an address that its certificate does not name.
      tls: { rejectUnauthorized: false },
    });
    return response.ok;
  } catch {
    throw new StartError(`no server answers at ${address}`);
  }
}

const readiness = z.object({ status: z.string(), missing: z.array(z.object({ message: z.string() })) });

async function askReadiness(address: string): Promise<z.infer<typeof readiness>> {
  const response = await fetch(`${address}/readyz`, {
    signal: AbortSignal.timeout(healthTimeoutMs),
    tls: { rejectUnauthorized: false },
  });
  return readiness.parse(await response.json());
}

function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(path));
}

const checks: Record<string, Check> = {
  "data folder": ({ dataDir }) => {
    const folder = nearestFolder(dataDir);
    try {
      accessSync(folder, constants.W_OK | constants.X_OK);
    } catch {
      return failed(`${folder} is not writable`);
    }
    if (folder !== dataDir) return ok(`${dataDir} is made at the first start`);
    if ((statSync(dataDir).mode & 0o077) !== 0) return warning(`${dataDir} is open to others: chmod 700`);
    return ok(dataDir);
  },
  "disk space": ({ dataDir }) => {
    const { bavail, bsize } = statfsSync(nearestFolder(dataDir));
    const message = `${((Number(bavail) * Number(bsize)) / 1e9).toFixed(1)} GB free`;
    return bavail * bsize < freeBytesMin ? warning(message) : ok(message);
  },
  "temporary folder": () => {
    const folder = tmpdir();
    try {
      accessSync(folder, constants.W_OK | constants.X_OK);
    } catch {
      return failed(`${folder} is not writable; set TMPDIR to a folder that is, and from which programs may run`);
    }
    return ok(folder);
  },
  database: async ({ databaseUrl, databaseAuthToken }) => {
    try {
      const { name, state, pending } = await inspectDatabase(databaseUrl, databaseAuthToken);
      const states = { absent: "is made at the first start", ready: "is up to date", behind: "will be migrated" };
      return ok(`${name} ${states[state]}${pending.length > 0 ? `: ${pending.join(", ")}` : ""}`);
    } catch (error) {
      return failed(oneLine(error));
    }
  },
  TLS: ({ tlsCert, tlsKey, publicUrl }) => {
    if (!tlsCert || !tlsKey) {
      if (tlsCert || tlsKey) return failed("TLS_CERT and TLS_KEY belong together");
      return publicUrl?.startsWith("https:") === false ? warning("PUBLIC_URL is not encrypted") : ok("left to a proxy");
    }
    try {
      readFileSync(tlsKey);
      const left = new X509Certificate(readFileSync(tlsCert)).validToDate.getTime() - Date.now();
      if (left < 0) return failed(`the certificate ${tlsCert} has expired`);
      const days = Math.floor(left / dayMs);
      return days < 14 ? warning(`the certificate ends in ${days} days`) : ok(`valid for ${days} days`);
    } catch (error) {
      return failed(oneLine(error));
    }
  },
  "open files": () => {
    if (!existsSync("/proc/self/limits")) return ok("not known on this system");
    const limit = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    const message = `${limit} at once, one a socket`;
    return Number(limit) < openFilesMin ? warning(`${message}: raise ulimit -n`) : ok(message);
  },
  mail: ({ smtpUrl, dataDir }) =>
    smtpUrl ? ok(`by ${new URL(smtpUrl).host}`) : ok(`no SMTP_URL: mails are written to ${dataDir}/outbox`),
  server: async (config) => {
    const address = ownAddress(config);
    try {
      if (!(await askHealth(config))) return failed(`${address} says it is not well`);
      const { status, missing } = await askReadiness(address);
      const messages = missing.map(({ message }) => message);
      return status === "ready" ? ok(`answers at ${address}`) : warning([`is ${status}`, ...messages].join(": "));
    } catch (error) {
      return ok(oneLine(error));
    }
  },
};

/** Looks at everything that a server of this configuration needs; changes nothing. `now` is this machine's clock. */
export async function examine(config: Config, now: () => number = Date.now): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [check, look] of Object.entries(checks)) {
    const verdict = await look(config);
    findings.push({ check, ...verdict });
    if (check !== "database") continue;
    if (verdict.status !== "failed") findings.push(...(await examinePostgres(config, now)));
    findings.push(...(await examineBridge(config, now)));
  }
  return findings;
}
