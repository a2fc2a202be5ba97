import { useSyncExternalStore } from "react";
import type { Message } from "../../protocol/models.ts";
import { describeError } from "../app/describe-error.ts";
import { notify } from "../app/notices.ts";
import { parley } from "../app/parley.ts";
import { createValue } from "../app/value.ts";
import { currentText } from "../i18n/use-text.ts";

type Reactions = Message["reactions"];

/** What one has just asked for, by message and emoji: shown at once, whatever the network does. */
const wishes = createValue<ReadonlyMap<string, boolean>>(new Map());
const nameOf = (messageId: string, emoji: string) => `${messageId} ${emoji}`;

function wish(name: string, added: boolean | undefined): void {
  const next = new Map(wishes.get());
  if (added === undefined) next.delete(name);
  else next.set(name, added);
  wishes.set(next);
}

/** Reacts, or takes it back. */
export async function setReaction(messageId: string, emoji: string, added: boolean): Promise<void> {
  const name = nameOf(messageId, emoji);
  // One at a time: a second click before the answer would overtake the first.
  if (wishes.get().has(name)) return;
  wish(name, added);
  const { react, unreact } = parley.http.messages;
  try {
    await (added ? react : unreact)(messageId, emoji);
  } catch (error) {
    notify(describeError(error, currentText()), "failed");
  } finally {
    wish(name, undefined);
  }
}

/** A message's reactions, with what one has just asked for. */
export function useReactions({ id, reactions }: Message): Reactions {
  const asked = useSyncExternalStore(wishes.subscribe, wishes.get);
  return asked.size === 0 ? reactions : withWishes(reactions, asked, id);
}

/** Exported for tests. */
export function withWishes(held: Reactions, asked: ReadonlyMap<string, boolean>, messageId: string): Reactions {
  const prefix = nameOf(messageId, "");
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
