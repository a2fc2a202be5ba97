import type { Member } from "../../protocol/models.ts";
import { beginsMention } from "../../sdk/mentions.ts";

/** An `@` that is being typed, and what stands behind it up to the caret. */
export interface MentionQuery {
  readonly at: number;
  readonly typed: string;
}

/** Longer than most names: whoever has typed as much does not look for one. */
const typedMax = 32;

const folded = (text: string) => text.normalize("NFKC").toLowerCase();

/** The name that is begun right before the caret; null where none is. */
export function mentionQuery(text: string, caret: number): MentionQuery | null {
  const at = text.lastIndexOf("@", caret - 1);
  if (at === -1 || caret - at - 1 > typedMax || !beginsMention(text, at)) return null;
  const typed = text.slice(at + 1, caret);
  return /\s/.test(typed) ? null : { at, typed };
}

/** Those whose name, or a word of it, begins with what was typed; by the user name first. */
export function matching(members: readonly Member[], typed: string, ownId: string): Member[] {
  const begun = folded(typed);
  const rank = ({ username, display_name }: Member) => {
    if (folded(username).startsWith(begun) || folded(display_name).startsWith(begun)) return 0;
    return folded(display_name)
      .split(/\s+/)
      .some((word) => word.startsWith(begun))
      ? 1
      : 2;
  };
  return members
    .filter((member) => member.user_id !== ownId && rank(member) < 2)
    .sort((a, b) => rank(a) - rank(b) || a.display_name.localeCompare(b.display_name));
}
