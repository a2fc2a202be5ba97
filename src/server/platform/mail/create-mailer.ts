import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Mail, Mailer } from "./mail.ts";
import { outbox } from "./outbox.ts";
import { smtp } from "./smtp.ts";

interface MailerOptions {
  smtpUrl: string | undefined;
  from: string;
  /** Where mails go without an SMTP server. */
  outboxFolder: string;
  clock: Clock;
  log: Log;
  metrics: Pick<Metrics, "mailsFailed">;
}

/** Mails waiting at once (G7); more are given up. */
const waitingMax = 1_000;

/** How long a stop waits for mails under way. */
const farewellMs = 5_000;

/** Before the second and the third try. */
const retryAfterMs = [2_000, 10_000];

/** Delivers one mail after the other, each with three tries. The log tells to whom and what about, never the text. */
export function createMailer({ smtpUrl, from, outboxFolder, clock, log, metrics }: MailerOptions): Mailer {
  const server = smtpUrl === undefined ? undefined : smtp(smtpUrl, from);
  const deliver = server?.deliver ?? outbox(outboxFolder, clock);
  const message = server ? "a mail was sent" : "a mail was written to the outbox";
  let waiting = 0;
  let last = Promise.resolve();
  let isClosed = false;
  let wake: () => void = () => {};

  const giveUp = ({ to, subject }: Mail, error: unknown) => {
    metrics.mailsFailed.inc();
    log.error("a mail was given up", { to, subject, error });
  };

  async function attempt(mail: Mail): Promise<void> {
    for (const delayMs of [...retryAfterMs, undefined]) {
      try {
        await deliver(mail);
        log.info(message, { to: mail.to, subject: mail.subject });
        return;
      } catch (error) {
        if (delayMs === undefined || isClosed) {
          giveUp(mail, error);
          return;
        }
        await new Promise<void>((resolve) => {
          const cancel = clock.after(delayMs, resolve);
          wake = () => {
            cancel();
            resolve();
          };
        });
      }
    }
  }

  return {
    send(mail) {
      if (isClosed || waiting >= waitingMax) {
        giveUp(mail, new Error(isClosed ? "the server stops" : "too many mails are waiting"));
        return;
      }
      waiting += 1;
      last = last.then(() => attempt(mail)).finally(() => (waiting -= 1));
    },
    settled: () => last,
    async close() {
      isClosed = true;
      wake();
      const { promise: tooLate, resolve } = Promise.withResolvers<void>();
      const cancel = clock.after(farewellMs, resolve);
      await Promise.race([last, tooLate]);
      cancel();
      server?.close();
    },
  };
}
