import type { CloseCode } from "../../protocol/close.ts";
import type { Language } from "../../protocol/languages.ts";
import type { Viewer } from "../context.ts";
import { Inbox, type InboxTotal, type Received } from "./inbox.ts";
import { RoomShards } from "./room-shards.ts";
import { Strikes } from "./strikes.ts";
import type { Timed } from "./timer-wheel.ts";
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

let made = 0;

/**
 * One connection, from upgrade to close: who it is, in which state, in which rooms. There may be tens of thousands that
 * say nothing: what most never need is made when it is.
 */
export class Session implements Timed {
  readonly #number = ++made;
  readonly viewer: Viewer;
  readonly language: Language;
  /** Of a guest. */
  readonly address: string;
  expiresAtMs: number;
  /** `ready` was sent. Until then what the client sends waits in the inbox, and what is for it in `held`. */
  isReady = false;
  /** Whether its person counts as present for it, and whether somebody is at it. */
  presence: "none" | "used" | "idle" = "none";
  /** When its person became present for it (milliseconds). */
  cameAt = 0;
  /** Why it is being closed: from then on nothing is read. */
  closeCode: CloseCode | undefined;
  readonly inbox: Inbox;
  /** The rooms that it is subscribed to, with its shard there. */
  readonly rooms = new RoomShards();
  /** Those of the rooms in which it only looks on. */
  #watched: Set<string> | undefined;
  #held: (() => void)[] | undefined;
  /** Where it stands on the wheel. */
  slot: number | undefined;
  place = 0;
  /** Second of the wheel in which something was last heard. */
  heardAt = 0;
  /** Bytes not taken at the last look, and for how many looks they have not become fewer. */
  bufferedBytes = 0;
  bufferedLooks = 0;
  #violations: Strikes | undefined;
  #refusals: Strikes | undefined;
  #whenDrained: (() => void)[] | undefined;
  /** Frames that may still come, as of the second in which one came last. */
  #framesLeft = framesBurst;
  #framesAt = 0;

  constructor(
    readonly transport: Transport,
    signIn: SignIn,
    inboxes: InboxTotal,
    private readonly answer: (session: Session, received: Received) => Promise<void> | undefined,
  ) {
    this.inbox = new Inbox(inboxes, this);
    this.viewer = signIn.viewer;
    this.expiresAtMs = signIn.expiresAtMs;
    this.language = signIn.language;
    this.address = signIn.viewer ? "" : signIn.address;
  }

  /** Names the connection in the log, and for its limits. */
  get id(): string {
    return `${this.#number}`;
  }

  /** The rooms in which it only looks on. */
  get watched(): Set<string> {
    return (this.#watched ??= new Set());
  }

  watchedRooms(): string[] {
    return this.#watched ? [...this.#watched] : [];
  }

  isWatching(roomId: string): boolean {
    return this.#watched?.has(roomId) === true;
  }

  get violations(): Strikes {
    return (this.#violations ??= new Strikes(violationsMax, violationsWithinMs));
  }

  get refusals(): Strikes {
    return (this.#refusals ??= new Strikes(refusalsMax, refusalsWithinMs));
  }

  /** Handles one frame out of the inbox. */
  handle(received: Received): Promise<void> | undefined {
    return this.answer(this, received);
  }

  /** Keeps what happened to this person while `ready` is being made, to follow it. */
  hold(reach: () => void): void {
    (this.#held ??= []).push(reach);
  }

  /** Gives what was kept, once. */
  takeHeld(): (() => void)[] {
    const held = this.#held ?? [];
    this.#held = undefined;
    return held;
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
    const gained = (second - this.#framesAt) * Math.max(framesPerSecondMin, 2 * messagesPerSecond);
    this.#framesLeft = Math.min(framesBurst, this.#framesLeft + gained) - 1;
    this.#framesAt = second;
    return this.#framesLeft >= 0;
  }

  /** The peer has taken what was waiting, or is gone. */
  drained(): void {
    const waiting = this.#whenDrained;
    this.#whenDrained = undefined;
    for (const resolve of waiting ?? []) resolve();
  }

  /** Resolves when the peer has taken all but `bytes` of what was sent to it, or is gone. */
  async untilBufferedBelow(bytes: number): Promise<void> {
    while (this.transport.readyState === 1 && this.transport.getBufferedAmount() > bytes) {
      await new Promise<void>((resolve) => (this.#whenDrained ??= []).push(resolve));
    }
  }
}

/** Runs `reach` for each of these, after its `ready` where that is still being made. */
export function whenReady(sessions: Iterable<Session>, reach: (session: Session) => void): void {
  for (const session of sessions) {
    if (session.isReady) reach(session);
    else session.hold(() => reach(session));
  }
}
