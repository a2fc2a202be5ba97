import { AppError } from "../platform/app-error.ts";
import type { Rate } from "../platform/limits/limits.ts";
import type { Context } from "../context.ts";

/** `count` at once, and as many again evenly over `everyS` seconds. */
const rate = (count: number, everyS: number): Rate => ({ burst: count, perSecond: count / everyS });

/** CONTRACT, Limits. Attempts on one name from one address are among those of the address, so they need no bucket. */
const failedSignIns = { name: "failed sign-in", rate: rate(10, 60) };
const registrations = { name: "registration", rate: rate(30, 3_600) };
/** Guesses at one's own password, by whoever holds the session. */
const failedConfirmations = { name: "failed confirmation", rate: rate(10, 60) };
const mailsToUser = { name: "mail to user", rate: rate(5, 3_600) };
const forgotByAddress = { name: "forgot by address", rate: rate(10, 3_600) };
const forgotByEmail = { name: "forgot by email", rate: rate(3, 3_600) };

/** A counter of all nodes that only some outcomes count against. */
interface Tally {
  /** Rejects with `RATE_LIMITED` when nothing is left. */
  demand(): Promise<void>;
  /** Counts without refusing. */
  count(): Promise<void>;
  /** Counts, or rejects with `RATE_LIMITED`. */
  take(): Promise<void>;
  /** What was taken did not count after all. */
  giveBack(): Promise<void>;
}

function tally(ctx: Pick<Context, "limits">, { name, rate }: { name: string; rate: Rate }, key: string): Tally {
  return {
    async demand() {
      const retryAfterMs = await ctx.limits.peekOfAll(name, key, rate);
      if (retryAfterMs > 0) throw new AppError("RATE_LIMITED", { retryAfterMs });
    },
    async count() {
      await ctx.limits.takeOfAll(name, key, rate);
    },
    take: () => ctx.limits.demandOfAll(name, key, rate),
    giveBack: () => ctx.limits.giveBackToAll(name, key, rate),
  };
}

/** IPv6 is handed out by the network: one subscriber has all addresses of a /64. */
export function network(address: string): string {
  if (!address.includes(":") || /^::ffff:\d+\./i.test(address)) return address;
  const [head = "", tail = ""] = address.toLowerCase().split("::");
  const left = head.split(":").filter(Boolean);
  const right = tail.split(":").filter(Boolean);
  const zeros = address.includes("::") ? Math.max(0, 8 - left.length - right.length) : 0;
  return [...left, ...Array.from({ length: zeros }, () => "0"), ...right].slice(0, 4).join(":");
}

export function failedSignInsFrom(ctx: Pick<Context, "limits">, address: string): Tally {
  return tally(ctx, failedSignIns, network(address));
}

export function registrationsFrom(ctx: Pick<Context, "limits">, address: string): Tally {
  return tally(ctx, registrations, network(address));
}

export function failedConfirmationsOf(ctx: Pick<Context, "limits">, userId: string): Tally {
  return tally(ctx, failedConfirmations, userId);
}

/** Rejects with `RATE_LIMITED` when a person has asked for too many mails. */
export function demandMailTo(ctx: Pick<Context, "limits">, userId: string): Promise<void> {
  return ctx.limits.demandOfAll(mailsToUser.name, userId, mailsToUser.rate);
}

/** Whether a reset mail may go out. Never told to whoever asks: it would say which addresses exist. */
export async function mayMailReset(ctx: Pick<Context, "limits">, address: string, email: string): Promise<boolean> {
  const byAddress = await ctx.limits.takeOfAll(forgotByAddress.name, network(address), forgotByAddress.rate);
  return byAddress === 0 && (await ctx.limits.takeOfAll(forgotByEmail.name, email, forgotByEmail.rate)) === 0;
}
