import type { Context, Happenings } from "../context.ts";
import { catchUp } from "./catch-up.ts";
import { friendCameOnline } from "./friend-online.ts";
import { noter } from "./noter.ts";
import { keysOf, notificationOf } from "./of-messages.ts";
import { lookWhetherRead } from "./read-elsewhere.ts";
import { ofActor, ofMessages, ofRoom, ofSource, reactionsTold } from "./store.ts";
import { startSettling } from "./settle.ts";
import { removeBeyond, removeOld } from "./tidy.ts";

const catchUpEveryMs = 5_000;
const tidyEveryMs = 600_000;
/** A thousand people may react to one message; who wrote it is told of the first. */
const reactionsPerMessage = 20;

/** Listens to what happens and begins to tell people of it; and finds out what a crash kept from being told. */
export function startNotifications(ctx: Context): void {
  const { happenings, jobs } = ctx;
  const queue = noter(ctx);
  queue.toldElsewhere = (userKey) => lookWhetherRead(ctx, userKey);
  happenings.on("message_stored", (message) => queue.add({ what: "message", message }));
  happenings.on("message_edited", (edit) => tellOfEdit(ctx, edit));
  happenings.on("message_gone", ({ messageId }) => queue.add({ what: "message_gone", messageId }));
  happenings.on("reaction_added", (reaction) => tellOfReaction(ctx, reaction));
  happenings.on("reaction_removed", (reaction) => takeReactionBack(ctx, reaction));
  happenings.on("room_read", ({ userKey, roomKey, seq }) => queue.read(userKey, roomKey, seq));
  happenings.on("members_added", (added) => tellOfAdding(ctx, added));
  happenings.on("members_gone", ({ roomKey, userKeys }) => {
    queue.add({ what: "gone", find: () => ofRoom(ctx, roomKey, userKeys) });
  });
  happenings.on("message_hidden", ({ messageId, userKey }) => {
    const find = async () => (await ofMessages(ctx, [messageId])).filter(({ user_key }) => user_key === userKey);
    queue.add({ what: "gone", find });
  });
  happenings.on("conversation_cleared", ({ roomKey, userKey }) => {
    queue.add({ what: "gone", find: () => ofRoom(ctx, roomKey, [userKey]) });
  });
  happenings.on("friend_requested", ({ requestId, fromKey, toKey, message }) => {
    const told = { kind: "friend_request" as const, userKey: toKey, actorKey: fromKey, text: message };
    queue.add({ what: "notifications", rows: [notificationOf(ctx, { ...told, source: requestSource(requestId) })] });
  });
  happenings.on("friend_request_gone", ({ requestId, toKey }) => {
    queue.add({ what: "gone", find: () => ofSource(ctx, toKey, requestSource(requestId)) });
  });
  happenings.on("friends_made", ({ acceptedByKey, requesterKey }) => {
    const told = { kind: "friend_accepted" as const, userKey: requesterKey, actorKey: acceptedByKey, text: "" };
    queue.add({ what: "notifications", rows: [notificationOf(ctx, { ...told, source: onceSource() })] });
  });
  happenings.on("blocked", ({ userKey, blockedKey }) => {
    queue.add({ what: "gone", find: () => ofActor(ctx, userKey, blockedKey) });
  });
  happenings.on("came_online", ({ userKey }) => friendCameOnline(ctx, userKey));
  startSettling(ctx);
  jobs.everyOnOneNode("notifications", catchUpEveryMs, () => catchUp(ctx).run());
  jobs.everyOnOneNode("old notifications", tidyEveryMs, () => removeOld(ctx));
  jobs.every("notifications beyond what is kept", tidyEveryMs, () => removeBeyond(ctx));
  ctx.onClose(() => queue.close());
  void jobs.run("notifications", () => catchUp(ctx).run());
}

const requestSource = (requestId: string) => `friend_request:${requestId}`;
/** Of what is told as it happens, and never again. */
const onceSource = () => `once:${Bun.randomUUIDv7()}`;

function tellOfEdit(ctx: Context, edit: Happenings["message_edited"]): void {
  if (edit.mentioned.length === 0) return;
  const { senderKey: actorKey, roomKey, messageId, seq } = edit;
  const place = { actorKey, roomKey, messageId, seq, text: "", source: `message:${messageId}` };
  noter(ctx).add({
    what: "concerns",
    concerns: async () =>
      (await keysOf(ctx, edit.mentioned))
        .filter((userKey) => userKey !== actorKey)
        .map((userKey) => ({ ...place, userKey, kind: "mention" as const, isCall: true })),
  });
}

function reactionSource({ messageId, actorKey, emoji }: { messageId: string; actorKey: number; emoji: string }) {
  return `reaction:${messageId}:${actorKey}:${emoji}`;
}

function tellOfReaction(ctx: Context, reaction: Happenings["reaction_added"]): void {
  const { senderKey: userKey, actorKey, roomKey, messageId, seq, emoji: text } = reaction;
  if (userKey === actorKey) return;
  const source = reactionSource(reaction);
  noter(ctx).add({
    what: "concerns",
    concerns: async () => {
      if ((await reactionsTold(ctx, userKey, messageId)) >= reactionsPerMessage) return [];
      return [{ userKey, kind: "reaction", actorKey, roomKey, messageId, seq, isCall: false, text, source }];
    },
  });
}

function takeReactionBack(ctx: Context, reaction: Happenings["reaction_removed"]): void {
  noter(ctx).add({
    what: "gone",
    find: async () =>
      (await ofMessages(ctx, [reaction.messageId])).filter(({ source }) => source === reactionSource(reaction)),
  });
}

function tellOfAdding(ctx: Context, { roomKey, actorKey, userKeys }: Happenings["members_added"]): void {
  const told = { kind: "room_invite" as const, actorKey, roomKey, text: "" };
  const rows = userKeys
    .filter((userKey) => userKey !== actorKey)
    .map((userKey) => notificationOf(ctx, { ...told, userKey, source: onceSource() }));
  noter(ctx).add({ what: "notifications", rows });
}
