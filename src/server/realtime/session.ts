import type { CloseCode } from "../../protocol/close.ts";
import type { Language } from "../../protocol/languages.ts";
import type { Viewer } from "../context.ts";
import { Inbox, type InboxTotal, type Received } from "./inbox.ts";
import { Strikes } from "./strikes.ts";
import type { Transport } from "./transport.ts";

/** What the upgrade has found out. */
export interface SignIn {
  /** `null`: a guest. */
  viewer: Viewer;
  /** `Infinity` for a guest. */
  expiresAtMs: number;
  language: Language;
  address: string;
}

const violationsMax = 3;
const violationsWithinMs = 60_000;
const refusalsMax = 200;
const refusalsWithinMs = 10_000;

/** Frames that a socket may send at once, and then a second, before it floods. */
const framesBurst = 8_192;
const framesPerSecondMin = 100;

/** One connection, from upgrade to close: who it is, in which state, in which rooms. */
export class Session {
  readonly id = Bun.randomUUIDv7();
  readonly viewer: Viewer;
  readonly language: Language;
  readonly address: string;
  expiresAtMs: number;
  /** `ready` was sent. Until then what the client sends waits in the inbox, and what is for it in `held`. */
  isReady = false;
  /** Why it is being closed: from then on nothing is read. */
  closeCode: CloseCode | undefined;
  readonly inbox: Inbox;
  /** The rooms that it is subscribed to, with its shard there. */
  readonly rooms = new Map<string, number>();
  /** Those of the rooms in which it only looks on. */
  readonly watched = new Set<string>();
  /** What happened to this person while `ready` was being made, to follow it. */
  held: (() => void)[] = [];
  /** Second of the wheel in which something was last heard. */
  heardAt = 0;
  /** Bytes not taken at the last look, and for how many looks they have not become fewer. */
  buffered = { bytes: 0, looks: 0 };
  readonly violations = new Strikes(violationsMax, violationsWithinMs);
  readonly refusals = new Strikes(refusalsMax, refusalsWithinMs);
  #whenDrained: (() => void)[] = [];
  #frames = { left: framesBurst, second: 0 };

  constructor(
    readonly transport: Transport,
    signIn: SignIn,
    inboxes: InboxTotal,
    handle: (session: Session, received: Received) => Promise<void> | undefined,
  ) {
    this.inbox = new Inbox(inboxes, (received) => handle(this, received));
    this.viewer = signIn.viewer;
    this.expiresAtMs = signIn.expiresAtMs;
    this.language = signIn.language;
    this.address = signIn.address;
  }

  send(frame: string): void {
    if (this.transport.readyState === 1) this.transport.sendText(frame);
  }

  /** Sends frames in one system call. */
  sendAll(frames: readonly string[]): void {
    if (frames.length === 1 && frames[0] !== undefined) {
      this.send(frames[0]);
      return;
    }
    this.transport.cork(() => {
      for (const frame of frames) this.send(frame);
    });
  }

  /** Counts a frame that came in this second; false when that is more than anybody needs. */
  mayReceive(second: number, messagesPerSecond: number): boolean {
    const frames = this.#frames;
    if (frames.second !== second) {
      const gained = (second - frames.second) * Math.max(framesPerSecondMin, 2 * messagesPerSecond);
      this.#frames = { left: Math.min(framesBurst, frames.left + gained), second };
    }
    return --this.#frames.left >= 0;
  }

  /** The peer has taken what was waiting, or is gone. */
  drained(): void {
    for (const resolve of this.#whenDrained.splice(0)) resolve();
  }

  /** Resolves when the peer has taken all but `bytes` of what was sent to it, or is gone. */
  async untilBufferedBelow(bytes: number): Promise<void> {
    while (this.transport.readyState === 1 && this.transport.getBufferedAmount() > bytes) {
      await new Promise<void>((resolve) => this.#whenDrained.push(resolve));
    }
  }
}
