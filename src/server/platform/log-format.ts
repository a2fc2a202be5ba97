import type { LogRecord } from "@logtape/logtape";

/** Fields that hold a secret by their name, should one ever get that far. */
const secretNames =
  /^(authorization|cookie|set-cookie|password|old_password|new_password|secret|ticket|(access_|refresh_)?token)$/i;
/** Values that are one by their shape: JSON web tokens, bearer headers and subprotocols, credentials in an address. */
const secretShapes =
  /\beyJ[\w-]{5,}\.[\w-]+\.[\w-]+|\bbearer[ .][\w.~+/-]{8,}=*|(?<=[?&](?:token|ticket)=)[^&\s"]+|(?<=:\/\/[^/\s:@]*:)[^/\s@]+(?=@)/gi;
const redacted = "[redacted]";
/** What JSON leaves as it is and a terminal obeys (C1), or a reader takes for the end of a line. */
// oxlint-disable-next-line no-control-regex
const unescaped = /[\u007f-\u009f\u2028\u2029]/g;

const errorDepthMax = 4;
/** Drizzle tells a failed statement with its values: what people wrote, and what they keep secret. */
const statementValues = /\nparams: .*?(?=\n {4}at |$)/gs;

function describeError(error: Error, depth = 0): object {
  return {
    name: error.name,
    message: error.message.replace(statementValues, ""),
    ...("code" in error && { code: error.code }),
    stack: error.stack?.replace(statementValues, ""),
    ...(error.cause instanceof Error && depth < errorDepthMax && { cause: describeError(error.cause, depth + 1) }),
  };
}

function replacer(name: string, value: unknown): unknown {
  if (secretNames.test(name) && value !== null && value !== undefined) return redacted;
  if (typeof value === "string") return value.replace(secretShapes, redacted);
  if (typeof value === "bigint") return value.toString();
  return value instanceof Error ? describeError(value) : value;
}

/** What JSON cannot hold, such as a circle, is replaced by `instead`. */
function stringify(value: unknown, instead: unknown = "cannot be shown"): string {
  try {
    return JSON.stringify(value, replacer) ?? "null";
  } catch {
    return JSON.stringify(instead, replacer);
  }
}

const escape = (text: string) =>
  text.replace(unescaped, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** One JSON object on one line: `time, level, logger, msg`, then the fields; whatever was put in, no second line. */
export function jsonLine({ timestamp, level, category, message, properties }: LogRecord): string {
  const own = { time: new Date(timestamp).toISOString(), level, logger: category.join("."), msg: message.join("") };
  // Twice: first, so that ours stand in front; last, so that no field takes their place.
  return `${escape(stringify({ ...own, ...properties, ...own }, own))}\n`;
}

/** For people at a terminal: `10:30:00.123 info  http  a request was answered  status=200`. */
export function textLine({ timestamp, level, category, message, properties }: LogRecord): string {
  const time = new Date(timestamp).toISOString().slice(11, 23);
  const fields = Object.entries(properties).map(([name, value]) => {
    const text = secretNames.test(name) ? redacted : stringify(value);
    return `${name}=${/^"[\w.:/#?&=+@-]+"$/.test(text) ? text.slice(1, -1) : text}`;
  });
  const head = `${time} ${level.padEnd(7)} ${category.slice(1).join(".") || "parley"}`;
  return `${escape([head, ...message, ...fields].join("  "))}\n`;
}
