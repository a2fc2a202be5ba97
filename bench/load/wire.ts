import type { Seat } from "./spec.ts";

/** What a frame of a peer is; a reflection is one's own message coming back, delivery and ack in one. */
export const kinds = { other: 0, ack: 1, delivery: 2, refusal: 3, reflection: 4 } as const;
export type Kind = (typeof kinds)[keyof typeof kinds];

/** What a client does with a frame before it is ready: send more, or begin. */
export type Greeting = { say: string[] } | "ready";

/**
 * How a peer speaks, as cheaply as it can be read: nothing is parsed, numbers are read from where they always stand.
 * Every message carries its number among all of the run in the last twelve digits of its `temp_id`.
 */
export interface Wire {
  /** Path and headers of the upgrade. */
  upgrade(seat: Seat): { path: string; headers: Record<string, string> };
  /** What the client says first, once it is connected. */
  opening(seat: Seat): string[];
  greet(seat: Seat, text: string): Greeting;
  /** A message whose `temp_id` is {@link placeholder}. */
  message(seat: Seat, content: string): string;
  kind(bytes: Buffer, from: number, to: number): Kind;
  /** The number of the message that an ack, a delivery or a refusal is about. */
  number(kind: Kind, bytes: Buffer, from: number, to: number): number;
  /** A delivery's place in its room, rising by 1; `undefined` where the peer has no such number. */
  seq(bytes: Buffer, from: number, to: number): number | undefined;
  /** A refusal's error code. */
  code(bytes: Buffer, from: number, to: number): string;
  /** What a client must say to a frame that is none of these: a heartbeat's answer. */
  reply?(bytes: Buffer, from: number, to: number): string | undefined;
}

/** Shaped as a UUIDv7; its parts are overwritten for every message. */
export const placeholder = "ffffffff-ffff-7fff-8fff-ffffffffffff";

const zero = 48;

/** The whole number that `digits` decimal digits from `at` make. */
export function decimalAt(bytes: Buffer, at: number, digits: number): number {
  let value = 0;
  for (let index = at; index < at + digits; index++) value = value * 10 + (bytes[index] ?? 0) - zero;
  return value;
}

/** The whole number that begins at `at` and ends before the first byte that is no digit. */
export function numberAt(bytes: Buffer, at: number): number {
  let value = 0;
  for (let digit = (bytes[at] ?? 0) - zero; digit >= 0 && digit <= 9; digit = (bytes[++at] ?? 0) - zero) {
    value = value * 10 + digit;
  }
  return value;
}

const hexDigits = Buffer.from("0123456789abcdef");

/** Writes a `temp_id`'s time or noise (48 bits) and the number of its message over {@link placeholder} at `at`. */
export function writeTempId(bytes: Buffer, at: number, head: number, number: number): void {
  let high = Math.floor(head / 0x10000);
  for (let index = at + 7; index >= at; index--) {
    bytes[index] = hexDigits[high & 15] ?? 0;
    high >>>= 4;
  }
  let low = head & 0xffff;
  for (let index = at + 12; index >= at + 9; index--) {
    bytes[index] = hexDigits[low & 15] ?? 0;
    low >>>= 4;
  }
  let rest = number;
  for (let index = at + 35; index >= at + 24; index--) {
    bytes[index] = zero + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
