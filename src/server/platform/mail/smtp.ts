import type { Mail } from "./mail.ts";

/** A server that says nothing for this long is given up for this try. */
const silenceMs = 15_000;

/** Delivers through the SMTP server at `url`, over one connection that is kept. */
export function smtp(url: string, from: string): { deliver: (mail: Mail) => Promise<void>; close: () => void } {
  let opened: ReturnType<typeof openTransport> | undefined;
  return {
    deliver: async ({ to, subject, text }) => {
      const transport = await (opened ??= openTransport(url));
      await transport.sendMail({ from, to: { name: "", address: to }, subject, text });
    },
    close: () => void opened?.then((transport) => transport.close()),
  };
}

/** Loaded with the first mail: most servers never send one, and a megabyte of the heap is its code. */
async function openTransport(url: string) {
  const { createTransport } = await import("nodemailer");
  return createTransport({
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
}
