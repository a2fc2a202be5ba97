/** What a server says that will not pass by itself, and what a person can do about it. */
const refusals: readonly { says: RegExp; means: string }[] = [
  { says: /^WRONGPASS|invalid password/i, means: "does not accept the user or password in it" },
  { says: /^NOAUTH|protected mode/i, means: "asks for a password: give it as redis://:password@host" },
  { says: /called without any password configured/i, means: "has a password in it, but the server has none" },
  {
    says: /^NOPERM|user executing the script can't run|ACL failure in script/,
    means: "names a user who may not publish, subscribe and run scripts there",
  },
  { says: /^READONLY/, means: "leads to a replica, which can only be read: give the address of the primary" },
  { says: /^MOVED|cluster mode/i, means: "leads to a cluster: set REDIS_SHARDED=on" },
  { says: /cluster support disabled/i, means: "leads to a server that is no cluster: set REDIS_SHARDED=off" },
  { says: /DB index|SELECT is not allowed/i, means: "names a database that the server does not have" },
  {
    says: /^ERR unknown command/i,
    means: "leads to a server that lacks commands which are needed (EVAL, PUBLISH, SUBSCRIBE)",
  },
  {
    says: /^Unknown RESP type/,
    means: "leads to something that does not speak Redis' protocol, or only over TLS (rediss:)",
  },
  {
    says: /wrong version number|packet length too long|SSL routines/i,
    means: "begins with rediss:, but what listens there does not speak TLS",
  },
  {
    says: /certificate|CERT_/i,
    means:
      "leads to a server whose certificate is not trusted here; NODE_EXTRA_CA_CERTS names a file with further authorities",
  },
];

/**
 * Why the bridge will never work as it is configured; `undefined` for what may pass by itself, such as a server that is
 * not there yet.
 */
export function refusalIn(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return refusals.find(({ says }) => says.test(error.message) || says.test(code))?.means;
}

/** What went wrong, in its own words but for what a server repeats of the command: that may hold a password. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(reasonOf).join("; ");
  if (!(error instanceof Error)) return String(error);
  if (error.message === "Socket closed unexpectedly") return "it closed the connection";
  return error.message.replace(/,? with args .*/s, "");
}
