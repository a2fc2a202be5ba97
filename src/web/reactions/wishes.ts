import { useSyncExternalStore } from "react";
import type { Message } from "../../protocol/models.ts";
import { describeError } from "../app/describe-error.ts";
import { notify } from "../app/notices.ts";
import { parley } from "../app/parley.ts";
import { createValue } from "../app/value.ts";
import { currentText } from "../i18n/use-text.ts";
import { wishName, withWishes } from "./with-wishes.ts";

type Reactions = Message["reactions"];

/** What one has just asked for, by message and emoji: shown at once, whatever the network does. */
const wishes = createValue<ReadonlyMap<string, boolean>>(new Map());

function wish(name: string, added: boolean | undefined): void {
  const next = new Map(wishes.get());
  if (added === undefined) next.delete(name);
  else next.set(name, added);
  wishes.set(next);
}

/** Reacts, or takes it back. */
export async function setReaction(messageId: string, emoji: string, added: boolean): Promise<void> {
  const name = wishName(messageId, emoji);
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
