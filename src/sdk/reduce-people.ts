import type { TimelineMessage, UserRef } from "../protocol/models.ts";
import { withPeer } from "./reduce-conversation.ts";
import { patchMembers, patchRoom } from "./room-changes.ts";
import type { State } from "./state.ts";

/** A person's public profile changed: wherever they appear, they appear anew. */
export function reduceUser(state: State, user: UserRef): State {
  const renamed = <M extends TimelineMessage | null>(message: M): M =>
    message && "sender" in message && (message.sender.id === user.id || message.reply_to?.sender.id === user.id)
      ? {
          ...message,
          sender: message.sender.id === user.id ? user : message.sender,
          reply_to: message.reply_to?.sender.id === user.id ? { ...message.reply_to, sender: user } : message.reply_to,
        }
      : message;
  const { id: user_id, username, display_name, avatar_url } = user;
  let next = state;
  for (const [roomId, room] of Object.entries(state.rooms)) {
    const last_message = renamed(room.last_message);
    if (last_message !== room.last_message) next = patchRoom(next, roomId, (held) => ({ ...held, last_message }));
    next = patchRoom(next, roomId, (held) => withPeer(held, user));
    const member = state.members[roomId]?.byId[user_id];
    if (member) next = patchMembers(next, roomId, [{ ...member, username, display_name, avatar_url }], []);
  }
  for (const [roomId, timeline] of Object.entries(state.timelines)) {
    if (!timeline.messages.some((message) => renamed(message) !== message)) continue;
    const changed = { ...timeline, messages: timeline.messages.map(renamed) };
    next = { ...next, timelines: { ...next.timelines, [roomId]: changed } };
  }
  return next;
}
