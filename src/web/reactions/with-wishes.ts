import type { Message } from "../../protocol/models.ts";

type Reactions = Message["reactions"];

export const wishName = (messageId: string, emoji: string) => `${messageId} ${emoji}`;

/** A message's reactions with what one has just asked for, which may be there already. */
export function withWishes(held: Reactions, asked: ReadonlyMap<string, boolean>, messageId: string): Reactions {
  const prefix = wishName(messageId, "");
  return [...asked].reduce((reactions, [name, added]): Reactions => {
    if (!name.startsWith(prefix)) return reactions;
    const emoji = name.slice(prefix.length);
    const known = reactions.find((each) => each.emoji === emoji);
    if ((known?.me ?? false) === added) return reactions;
    if (!known) return [...reactions, { emoji, count: 1, me: true }];
    return reactions
      .map((each) => (each === known ? { emoji, count: each.count + (added ? 1 : -1), me: added } : each))
      .filter(({ count }) => count > 0);
  }, held);
}
