import type { Progress, State } from "./state.ts";

/** Whether something of the room is held that must be kept in step with its changes. */
export function isHeld(state: State, roomId: string): boolean {
  return roomId in state.timelines || state.members[roomId]?.loaded === true;
}

/** A room known in full at `rev`. */
export function inStep(rev: number): Progress {
  return { synced: rev, behind: false, roomRev: rev };
}

/** How far what is held of a room is, now that its present `rev` has become known. */
export function onEntering(
  state: State,
  { id, rev, hidden_count = 0 }: { id: string; rev: number; hidden_count?: number | undefined },
): Progress {
  if (!isHeld(state, id)) return inStep(rev);
  const synced = state.progress[id]?.synced ?? revOfPages(state, id);
  // What one hides on another device takes no `rev`: it may lie before what has come since.
  const hasHidden = hidden_count > (state.rooms[id]?.hidden_count ?? 0);
  return { synced: hasHidden ? 0 : synced, behind: synced < rev || hasHidden, roomRev: 0 };
}

/** Pages that came before anything else was known of the room show everything up to their newest message. */
function revOfPages({ timelines, members }: State, roomId: string): number {
  return members[roomId]?.loaded ? 0 : (timelines[roomId]?.messages.at(-1)?.rev ?? 0);
}

/**
 * Notes that an event with `rev` came. Frames of one connection come in order, so the next transaction's first event
 * says that all of the former were received; a jump says that some transaction was not.
 */
export function hear(state: State, roomId: string, rev: number, { aboutRoom }: { aboutRoom: boolean }): State {
  const room = state.rooms[roomId];
  const progress = state.progress[roomId];
  if (!room || !progress || rev <= progress.synced) return state;
  const top = room.rev;
  const held = isHeld(state, roomId);
  const roomRev = aboutRoom ? Math.max(progress.roomRev, rev) : progress.roomRev;
  if (rev <= top && roomRev === progress.roomRev) return state;
  const next: Progress = {
    synced: rev > top && !progress.behind ? (held ? top : rev - 1) : progress.synced,
    behind: progress.behind || (rev > top + 1 && held),
    roomRev,
  };
  return {
    ...state,
    rooms: rev > top ? { ...state.rooms, [roomId]: { ...room, rev } } : state.rooms,
    progress: { ...state.progress, [roomId]: next },
  };
}

/** Notes that the room has changed since `sinceRev` in ways that no event told: what is held of it is behind. */
export function mistrust(state: State, roomId: string, sinceRev: number, rev: number): State {
  const room = state.rooms[roomId];
  const progress = state.progress[roomId];
  // What was entered or asked for meanwhile shows all of it.
  if (!room || !progress || rev <= progress.synced) return state;
  const isBehind = isHeld(state, roomId);
  return {
    ...state,
    rooms: rev > room.rev ? { ...state.rooms, [roomId]: { ...room, rev } } : state.rooms,
    progress: {
      ...state.progress,
      [roomId]: isBehind
        ? { synced: Math.min(progress.synced, sinceRev), behind: true, roomRev: Math.max(progress.roomRev, rev) }
        : inStep(rev),
    },
  };
}

/** Notes that everything up to `rev` has been applied; `more` says that further changes are known to exist. */
export function synced(state: State, roomId: string, rev: number, { more }: { more: boolean }): State {
  const room = state.rooms[roomId];
  const progress = state.progress[roomId];
  if (!room || !progress) return state;
  const top = Math.max(room.rev, rev);
  const reached = Math.max(progress.synced, rev);
  // An answer older than an event about the room may have undone that event: ask once more.
  const behind = more || reached < top - 1 || reached < progress.roomRev;
  return {
    ...state,
    rooms: top > room.rev ? { ...state.rooms, [roomId]: { ...room, rev: top } } : state.rooms,
    progress: { ...state.progress, [roomId]: { ...progress, synced: reached, behind } },
  };
}
