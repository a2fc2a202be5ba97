import { X509Certificate } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import type { Config } from "../server/config.ts";
import { StartError } from "../server/platform/start-error.ts";
import { inspectDatabase } from "../server/platform/db/inspect.ts";
import { oneLine } from "./terminal.ts";

/** What one look found. `warning`: it works, but not for long, or not as it should. */
export interface Finding {
  check: string;
  status: "ok" | "warning" | "failed";
  message: string;
}

type Check = (config: Config) => Promise<Omit<Finding, "check">> | Omit<Finding, "check">;

const ok = (message: string) => ({ status: "ok" as const, message });
const warning = (message: string) => ({ status: "warning" as const, message });
const failed = (message: string) => ({ status: "failed" as const, message });

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
      return (await askHealth(config)) ? ok(`answers at ${address}`) : failed(`${address} says it is not well`);
    } catch (error) {
      return ok(oneLine(error));
    }
  },
};

/** Looks at everything that a server of this configuration needs; changes nothing. */
export async function examine(config: Config): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [check, look] of Object.entries(checks)) findings.push({ check, ...(await look(config)) });
  return findings;
}
