import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { StartError } from "../start-error.ts";

/**
 * Certificate and key for `Bun.serve`, from the files of `TLS_CERT` and `TLS_KEY`; nothing when neither is set. Throws
 * `StartError` that names the file which cannot be read, is not in PEM form, or does not belong to the other.
 */
export function readTls(certPath?: string, keyPath?: string): { tls?: { cert: string; key: string } } {
  if (certPath === undefined && keyPath === undefined) return {};
  if (certPath === undefined || keyPath === undefined) {
    throw new StartError("TLS_CERT and TLS_KEY go together: one is missing");
  }
  const cert = read("TLS_CERT", certPath);
  const key = read("TLS_KEY", keyPath);
  const certificate = parse(`TLS_CERT ${certPath} is not a certificate in PEM form`, () => new X509Certificate(cert));
  const privateKey = parse(`TLS_KEY ${keyPath} is not a private key in PEM form`, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new StartError(`TLS_KEY ${keyPath} is not the key of TLS_CERT ${certPath}`);
  }
  return { tls: { cert, key } };
}

function read(name: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new StartError(`${name} ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parse<T>(problem: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new StartError(problem, { cause });
  }
}
