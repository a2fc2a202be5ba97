/** What one look found. `warning`: it works, but not for long, or not as it should. */
export interface Finding {
  check: string;
  status: "ok" | "warning" | "failed";
  message: string;
}

/** What a look says; its name stands beside it. */
export type Verdict = Omit<Finding, "check">;

export const ok = (message: string): Verdict => ({ status: "ok", message });
export const warning = (message: string): Verdict => ({ status: "warning", message });
export const failed = (message: string): Verdict => ({ status: "failed", message });

/** Beyond these, nodes say so and then refuse each other. */
const clockWarnMs = 5_000;
const clockFailMs = 60_000;

/** How far a clock elsewhere is from this machine's. */
export function compareClocks(whose: string, aheadMs: number): Verdict {
  const apart = Math.abs(aheadMs);
  const message = `${whose} is ${(apart / 1_000).toFixed(1)} s ${aheadMs > 0 ? "ahead of" : "behind"} this machine's`;
  if (apart > clockFailMs) return failed(`${message}: set both by NTP`);
  if (apart > clockWarnMs) return warning(`${message}: set both by NTP`);
  return ok(`${whose} agrees with this machine's`);
}
