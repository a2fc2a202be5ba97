import { limits } from "../../protocol/limits.ts";

/** From where somebody signs in. */
export interface Device {
  name: string;
  /** The address of the client. */
  address: string;
}

const browsers: [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bFirefox\/|\bFxiOS\//, "Firefox"],
  [/\bChrome\/|\bCriOS\//, "Chrome"],
  [/\bSafari\//, "Safari"],
  [/^curl\//, "curl"],
  [/^Bun\//, "Bun"],
];
const systems: [RegExp, string][] = [
  [/\biPhone\b|\biPad\b/, "iOS"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b|\bMacintosh\b/, "macOS"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

const match = (table: [RegExp, string][], text: string) => table.find(([pattern]) => pattern.test(text))?.[1];

/** A short name such as `Firefox on Linux` from a `User-Agent`, where the client gave none. */
export function deviceName(given: string | undefined, userAgent: string | undefined): string {
  if (given) return given;
  const agent = (userAgent ?? "").slice(0, 512);
  const found = [match(browsers, agent), match(systems, agent)].filter((part) => part !== undefined).join(" on ");
  if (found !== "") return found;
  return agent.replaceAll(/[^\x20-\x7e]/g, "").slice(0, limits.deviceNameChars) || "unknown";
}
