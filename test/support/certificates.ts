import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./environment.ts";

/** Files that any user may read, but for the key. */
interface Certificates {
  authority: string;
  certificate: string;
  key: string;
}

/** An authority of a test's own, and a certificate of its for `127.0.0.1`, by `openssl`. */
export function makeCertificates(): Certificates {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  const openssl = (words: string) => {
    const done = Bun.spawnSync(["openssl", ...words.split(" ")], { cwd: folder });
    if (!done.success) throw new Error(`openssl failed: ${done.stderr.toString()}`);
  };
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
  openssl(`req -x509 ${key} -keyout ca.key -out ca.crt -subj /CN=tests -days 2`);
  openssl(`req ${key} -keyout server.key -out server.csr -subj /CN=server`);
  writeFileSync(join(folder, "names"), "subjectAltName=IP:127.0.0.1\n");
  openssl("x509 -req -in server.csr -out server.crt -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names");
  return {
    authority: join(folder, "ca.crt"),
    certificate: join(folder, "server.crt"),
    key: join(folder, "server.key"),
  };
}
