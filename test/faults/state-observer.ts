import { createClient, type Parley } from "../../src/sdk/client.ts";
import type { TimelineMessage } from "../../src/protocol/models.ts";
import type { Clock } from "../../src/sdk/clock.ts";
import type { State } from "../../src/sdk/state.ts";
import { nextTurn } from "../../src/server/platform/turn.ts";
import type { Person } from "../support/people.ts";
import { stillClock } from "../support/still-clock.ts";

/**
 * A client with everything that a person may know. Its clock stands still unless said otherwise: what it missed it does not
 * ask for, and what it has after `connect` came by events alone.
 */
export async function connected(person: Person, clock: Clock = stillClock): Promise<Parley> {
  const client = createClient({
    url: person.server.url,
    clock,
    tokens: {
      load: () => ({ token: person.token, refresh_token: person.refreshToken, expires_at: "2100-01-01T00:00:00.000Z" }),
      save: () => {},
      clear: () => {},
    },
  });
  if ((await client.restore()) === null) throw new Error(`${person.username} is signed out`);
  await client.connect();
  await complete(client);
  return client;
}

/** Loads what no event carries: pages and people of rooms that are new to the client, as one does who opens them. */
export async function complete(client: Parley): Promise<void> {
  const held = () => client.store.getSnapshot();
  await client.notifications.open();
  for (const { id, is_lobby } of Object.values(held().rooms)) {
    await client.timelines.open(id);
    while (held().timelines[id]?.hasOlder) {
      await client.timelines.loadOlder(id);
      // While a page is under way already, there is nothing that this waits for.
      await nextTurn();
    }
    if (!is_lobby) await client.members.open(id);
    await client.pins.open(id);
  }
}

/** Parts of the state that tell how it came about, or of moments, rather than what is. */
const passing = ["connection", "loaded", "progress", "typing"] as const satisfies readonly (keyof State | "typing")[];

/** How far one's own messages have come is told by the cursors, and is no part of the messages. */
function withoutStatus(message: TimelineMessage | null) {
  return message === null || "is_hidden" in message ? message : { ...message, status: undefined };
}

/** The state in a form that two clients can be compared by. A part that is new in `State` is compared as it is. */
export function comparable(client: Parley): Record<string, unknown> {
  const state = client.store.getSnapshot();
  const { rooms, timelines, members, ...rest } = state;
  const hidesSomebody = Object.keys(state.blocks).length > 0;
  const parts = Object.fromEntries(Object.entries(rest).filter(([part]) => !passing.some((name) => name === part)));
  return {
    ...parts,
    // When one's last device went is noted once all are gone for a while: clients come and go here.
    me: state.me && { ...state.me, last_seen_at: null },
    pending: Object.values(state.pending).flat(),
    rooms: Object.values(rooms)
      .sort((a, b) => a.id.localeCompare(b.id))
      // Who comes to the lobby and goes is not told (CONTRACT, WebSocket): whoever wants to know asks.
      .map((room) => (room.is_lobby ? { ...room, member_count: 0, rev: 0 } : room))
      .map((room) => ({ ...room, last_message: withoutStatus(room.last_message) }))
      // Of a room of many they are asked for by whoever looks at it, and from a block on those of the other are not shown.
      .map((room) => (room.type === "direct" ? room : { ...room, cursors: undefined })),
    timelines: Object.fromEntries(
      Object.entries(timelines).map(([id, { messages }]) => [
        id,
        messages
          .map(withoutStatus)
          // What somebody blocked does to a message moves the room alone: the message as one sees it has not changed.
          .map((message) => (hidesSomebody && message ? { ...message, rev: 0 } : message)),
      ]),
    ),
    // When somebody came, and whether they are there, is asked for by whoever looks at the list.
    members: Object.fromEntries(
      Object.entries(members).map(([id, { byId }]) => [
        id,
        Object.values(byId)
          .map((member) => ({ ...member, joined_at: null, status: null }))
          .sort((a, b) => a.user_id.localeCompare(b.user_id)),
      ]),
    ),
  };
}
