/** A mail in plain text. */
export interface Mail {
  to: string;
  subject: string;
  text: string;
}

export interface Mailer {
  /** Hands the mail over in the background; failures are logged and counted, never thrown at who asked. */
  send(mail: Mail): void;
  /** Resolves when everything handed over so far has been delivered or given up. */
  settled(): Promise<void>;
  close(): Promise<void>;
}
