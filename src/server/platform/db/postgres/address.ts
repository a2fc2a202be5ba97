import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";

/** As Postgres' own programs name them. */
const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;

/** Where a Postgres is, and how it is spoken to, as the driver wants to be told. */
interface Address {
  url: string;
  ssl: "allow" | "prefer" | "require" | false | ConnectionOptions;
}

/**
 * What an address says of TLS, read as Postgres' own programs read it: `sslmode`, without which none is spoken, and
 * `sslrootcert`, a file with the authorities to be trusted instead of the system's. The driver knows half of it. Throws
 * what is wrong with the address.
 */
export function readAddress(text: string): Address {
  const url = new URL(text);
  if (!isEncoded(url.username) || !isEncoded(url.password)) {
    throw new Error("a % in its user or password has to be written as %25");
  }
  const mode = sslModes.find((each) => each === (url.searchParams.get("sslmode") ?? "disable"));
  if (!mode) throw new Error(`sslmode in it may be ${sslModes.join(", ")}`);
  const file = url.searchParams.get("sslrootcert");
  url.searchParams.delete("sslmode");
  url.searchParams.delete("sslrootcert");
  const trusted = file === null || file === "system" ? {} : { ca: readAuthorities(file) };
  const at = (ssl: Address["ssl"]) => ({ url: url.href, ssl });
  switch (mode) {
    case "disable":
      return at(false);
    case "verify-full":
      // Where the host is a number, the driver names none to compare the certificate with.
      return at({ ...trusted, host: url.hostname.replaceAll(/^\[|\]$/g, "") });
    case "require":
      // With authorities to compare with, it compares.
      return at(file === null ? mode : { ...trusted, checkServerIdentity: () => undefined });
    case "verify-ca":
      return at({ ...trusted, checkServerIdentity: () => undefined });
    default:
      return at(mode);
  }
}

function readAuthorities(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new Error(`sslrootcert in it names ${path}, which cannot be read (${code})`, { cause: error });
  }
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether what failed is the certificate, by the codes of OpenSSL. */
const untrusted = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_)/;

const reasons: Record<string, string> = {
  CONNECT_TIMEOUT: "what listens there says nothing; is it Postgres, and does the network let it answer?",
  CONNECTION_CLOSED: "it closed the connection",
  CONNECTION_DESTROYED: "what listens there does not answer as Postgres does",
  ECONNREFUSED: "it refused the connection",
  ENOTFOUND: "its host is not known here",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host; name it in the address as the certificate does",
};

/** Why Postgres could not be connected, in one line and without its address, which may hold a password. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? String(error.code) : "";
  if (untrusted.test(code)) {
    return `its certificate is not trusted here (${error.message}); name its authority by sslrootcert=FILE in the address`;
  }
  if (error.message.includes("before secure TLS connection")) return "it does not speak TLS, which sslmode asks for";
  return reasons[code] ?? (error.message || code).replaceAll(/\s+/g, " ");
}
