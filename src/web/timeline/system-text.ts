import type { SystemLine } from "../../protocol/models.ts";
import { currentLanguage } from "../app/preferences.ts";
import { formatOf } from "../i18n/format.ts";
import type { Dictionary } from "../i18n/en.ts";

type Named = { readonly display_name: string; readonly username: string };

const nameOf = (person: Named | undefined, text: Dictionary) =>
  person?.display_name || person?.username || text.system.someone;

/** `value` in words, where it is one of the wire's own. */
function valueText({ kind, value = "" }: SystemLine, text: Dictionary): string {
  if (kind === "member_muted") return muteEnd(value);
  const words: Readonly<Record<string, string>> =
    kind === "role_changed" ? text.system.valueRoles : kind === "type_changed" ? text.system.valueTypes : {};
  return words[value] ?? value;
}

/** Muting for longer than anybody waits has no end. */
const yearsOfNoEnd = 10;

/** Until when somebody is muted, as short as it can be; empty: for good. */
export function muteEnd(until: string): string {
  const end = new Date(until);
  const now = new Date();
  if (end.getFullYear() - now.getFullYear() >= yearsOfNoEnd) return "";
  return formatOf(currentLanguage()).until(end, now);
}

/** What a system line tells, in the reader's language. */
export function systemText(line: SystemLine, text: Dictionary): string {
  return text.system[line.kind](nameOf(line.actor, text), nameOf(line.target, text), valueText(line, text));
}
