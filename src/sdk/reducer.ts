import type { Action } from "./actions.ts";
import { inStep } from "./progress.ts";
import { dropCleared, reduceCleared, reduceCursors, withoutStatus } from "./reduce-conversation.ts";
import { reduceFrame } from "./reduce-frame.ts";
import { reduceMessageLife, withoutHidden } from "./reduce-message-life.ts";
import { reduceMessage, reduceRead } from "./reduce-messages.ts";
import { reduceNotificationPage, reduceNotifications } from "./reduce-notifications.ts";
import { reduceRelations, rereadRooms, rereadTimeline } from "./reduce-relations.ts";
import { mistrustPins, reducePins, reducePinsFailed, reducePinsLoaded, reducePinsRequested } from "./reduce-pins.ts";
import { reduceReactions } from "./reduce-reactions.ts";
import { forgetPresence, reducePresence, stopTyping } from "./reduce-presence.ts";
import { countMembers, enterRoom, forgetRoom, without } from "./room-changes.ts";
import { initialState, type MemberList, type State, type Timeline } from "./state.ts";
import { addPage, emptyTimeline, type PageKind, trim, trimAround } from "./timeline.ts";

const noMembers: MemberList = { byId: {}, loaded: false, complete: false, loading: false };

/** Each part's share of what a frame says. */
const onFrame = [
  reduceFrame,
  reduceMessageLife,
  reducePresence,
  reduceNotifications,
  reduceRelations,
  reduceReactions,
  reducePins,
];

/** The next state; pure, so that every client that heard the same has the same. */
export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case "frame": {
      const frame = withoutHidden(state, action.frame);
      return onFrame.reduce((held, reduceBy) => reduceBy(held, frame), state);
    }
    case "connection":
      return { ...state, connection: action.connection };
    case "signed_in":
      return { ...state, me: action.me };
    case "signed_out":
      return { ...initialState, connection: state.connection };
    case "page_requested":
      return dropCleared(
        setTimeline(state, action.room_id, (held = emptyTimeline) => loading(held, action.page, true)),
        action.room_id,
      );
    case "page_loaded":
      return reducePage(state, action);
    case "page_failed":
      return setTimeline(
        state,
        action.room_id,
        (held) => held && { ...loading(held, action.page, false), error: action.error },
      );
    case "timeline_trimmed":
      return setTimeline(state, action.room_id, (held) => held && trimmed(held, action.keep));
    case "room_restarted":
      return reduceRestart(state, action);
    case "members_requested":
      return setMembers(state, action.room_id, (held = noMembers) => ({ ...held, loading: true }));
    case "members_loaded":
      return reduceMembers(state, action);
    case "members_failed":
      return setMembers(state, action.room_id, (held) => held && { ...held, loading: false });
    case "pending":
      return { ...state, pending: { ...state.pending, [action.room_id]: action.messages } };
    case "rooms_reread":
      return rereadRooms(state, action.rooms);
    case "timeline_reread":
      return rereadTimeline(state, action.room_id, action.messages, action.has_newer);
    case "timelines_dropped":
      return action.room_ids.reduce((held, id) => ({ ...held, timelines: without(held.timelines, id) }), state);
    case "presence_forgotten":
      return forgetPresence(state, action.user_ids);
    case "typing_forgotten":
      return stopTyping(state, action.room_id, action.user_id, action.heard_at);
    case "notifications_requested":
    case "notifications_loaded":
    case "notifications_failed":
      return reduceNotificationPage(state, action);
    case "pins_requested":
      return reducePinsRequested(state, action.room_id);
    case "pins_loaded":
      return reducePinsLoaded(state, action.room_id, action.pins);
    case "pins_failed":
      return reducePinsFailed(state, action.room_id);
    case "read":
      return reduceRead(state, action.room_id, action.seq);
    case "cursors_loaded":
      return reduceCursors(state, action.room_id, action.cursors);
    case "cleared":
      return reduceCleared(state, action);
    case "room_watched": {
      const guest = { last_message: null, read_seq: action.room.last_seq, unread_count: 0, mention_count: 0 };
      return enterRoom(state, { ...action.room, ...guest, my_role: null, notify_level: "all", muted_until: null });
    }
    case "room_unwatched":
      return forgetRoom(state, action.room_id);
  }
}

function reducePage(state: State, action: Extract<Action, { type: "page_loaded" }>): State {
  const { room_id, page, has_newer } = action;
  const messages = action.messages.map(withoutStatus);
  const room = state.rooms[room_id];
  const lastSeq = room ? room.last_seq : null;
  const paged = setTimeline(
    state,
    room_id,
    (held) => held && addPage(held, page, messages, { lastSeq, hasNewer: has_newer }),
  );
  // Each once more as a single message, so that one's own sends among them are no longer pending, and unread is counted.
  return messages.reduce((held, message) => reduceMessage(held, message), paged);
}

function reduceRestart(state: State, action: Extract<Action, { type: "room_restarted" }>): State {
  const { room_id, rev, keep_timeline } = action;
  if (!state.progress[room_id]) return state;
  return {
    ...mistrustPins(state, room_id),
    timelines: keep_timeline ? state.timelines : without(state.timelines, room_id),
    members: without(state.members, room_id),
    progress: { ...state.progress, [room_id]: inStep(rev) },
  };
}

function reduceMembers(state: State, action: Extract<Action, { type: "members_loaded" }>): State {
  const { room_id, members, complete, rev } = action;
  const merged = setMembers(state, room_id, (held) => {
    if (!held) return undefined; // asked for by a session that is over
    const byId = { ...held.byId };
    for (const member of members) byId[member.user_id] = member;
    return { byId, loaded: true, complete, loading: false };
  });
  const loaded = countMembers(merged, room_id);
  const progress = loaded.progress[room_id];
  if (!progress || rev === null || progress.roomRev <= rev) return loaded;
  // Somebody came or went while the page was under way: it may show either.
  const behind = { ...progress, synced: Math.min(progress.synced, rev), behind: true };
  return { ...loaded, progress: { ...loaded.progress, [room_id]: behind } };
}

function trimmed(timeline: Timeline, keep: Extract<Action, { type: "timeline_trimmed" }>["keep"]): Timeline {
  return typeof keep === "number" ? trim(timeline, keep) : trimAround(timeline, keep.around, keep.count);
}

function loading(timeline: Timeline, page: PageKind, underWay: boolean): Timeline {
  return { ...timeline, loading: { ...timeline.loading, [page]: underWay } };
}

function setTimeline(
  state: State,
  roomId: string,
  change: (held: Timeline | undefined) => Timeline | undefined,
): State {
  const held = state.timelines[roomId];
  const changed = change(held);
  return !changed || changed === held ? state : { ...state, timelines: { ...state.timelines, [roomId]: changed } };
}

function setMembers(
  state: State,
  roomId: string,
  change: (held: MemberList | undefined) => MemberList | undefined,
): State {
  const changed = change(state.members[roomId]);
  return changed ? { ...state, members: { ...state.members, [roomId]: changed } } : state;
}
