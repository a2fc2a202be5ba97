import { createTransport } from "nodemailer";
import type { Mail } from "./mail.ts";

/** A server that says nothing for this long is given up for this try. */
const silenceMs = 15_000;

/** Delivers through the SMTP server at `url`, over one connection that is kept. */
export function smtp(url: string, from: string): { deliver: (mail: Mail) => Promise<void>; close: () => void } {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: 1,
    connectionTimeout: silenceMs,
    greetingTimeout: silenceMs,
    socketTimeout: silenceMs,
    // A mail is what we write: no file and no address is ever read to make one.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    deliver: async ({ to, subject, text }) => {
      await transport.sendMail({ from, to: { name: "", address: to }, subject, text });
    },
    close: () => transport.close(),
  };
}
