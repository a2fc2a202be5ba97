import { z } from "zod";
import type { EventName, EventPayload } from "../../src/protocol/events.ts";
import {
  joinedRoom,
  me,
  member,
  type JoinedRoom,
  type Me,
  type Member,
  type Message,
  type UserRef,
} from "../../src/protocol/models.ts";
import { wholeTimeline } from "./journal.ts";
import type { Person } from "./people.ts";
import type { TestSocket } from "./socket.ts";

interface MirroredRoom {
  room: JoinedRoom;
  members: Map<string, MirroredMember>;
  messages: Message[];
}

/** `user_joined` does not say when: whoever wants to know asks for the members. */
type MirroredMember = Omit<Member, "joined_at" | "status">;

const unreadOf = (id: string, { messages, room }: MirroredRoom): number =>
  Math.min(
    100,
    messages.filter(({ seq, sender, type }) => seq > room.read_seq && sender.id !== id && type !== "system").length,
  );

function withoutTimes({ user_id, username, display_name, avatar_url, role, muted_until }: Member): MirroredMember {
  return { user_id, username, display_name, avatar_url, role, muted_until };
}

function withoutStatus(each: Message): Message {
  const { status: _, ...rest } = each;
  return rest;
}

/**
 * What a client knows that began with everything and from then on only listened; written after CONTRACT alone, without
 * a line of the SDK. Compare it with one that was fetched afresh.
 */
export class Mirror {
  readonly rooms = new Map<string, MirroredRoom>();
  me!: Me;
  /** Rooms that came by `room_added`: their members and messages are still to be fetched, as a client would. */
  #toFetch = new Set<string>();

  constructor(private readonly person: Person) {}

  /** Everything that the person may know, by HTTP. */
  static async fetched(person: Person): Promise<Mirror> {
    const mirror = new Mirror(person);
    mirror.me = (await person.http("GET", "/users/me")).as(me);
    const joined = (await person.http("GET", "/rooms?type=joined&per_page=100")).as(z.array(joinedRoom));
    for (const room of joined) mirror.rooms.set(room.id, await mirror.#fetchRoom(room));
    return mirror;
  }

  async #fetchRoom(room: JoinedRoom): Promise<MirroredRoom> {
    const members = (await this.person.http("GET", `/rooms/${room.id}/members?per_page=100`)).as(z.array(member));
    return {
      room,
      members: new Map(members.map((each) => [each.user_id, withoutTimes(each)])),
      // How far one's own messages have come is no part of them: it is told by the cursors.
      messages: (await wholeTimeline(this.person, room.id)).map(withoutStatus),
    };
  }

  /** Applies every event that the socket gets from now on. */
  follow(socket: TestSocket): void {
    const on = <N extends EventName>(type: N, apply: (payload: EventPayload<N>) => void) => socket.each(type, apply);
    on("new_message", (message) => this.#message(message));
    on("user_joined", ({ room_id, user, rev }) => {
      this.#at(room_id, rev, (mirrored) => {
        if (this.#toFetch.has(room_id)) return;
        mirrored.members.set(user.id, { ...this.#named(user), user_id: user.id, role: "member", muted_until: null });
        mirrored.room.member_count = mirrored.members.size;
      });
    });
    on("user_left", ({ room_id, user_id, rev }) => {
      this.#at(room_id, rev, (mirrored) => {
        if (this.#toFetch.has(room_id)) return;
        mirrored.members.delete(user_id);
        mirrored.room.member_count = mirrored.members.size;
      });
    });
    on("member_updated", ({ room_id, member: changed, rev }) => {
      this.#at(room_id, rev, (mirrored) => {
        mirrored.members.set(changed.user_id, withoutTimes(changed));
        if (changed.user_id === this.person.id) mirrored.room.my_role = changed.role;
      });
    });
    on("room_updated", ({ room_id, room, rev }) => {
      this.#at(room_id, rev, (mirrored) => {
        // What moves with every message is told by the messages themselves.
        const { last_seq, rev: now } = mirrored.room;
        Object.assign(mirrored.room, room, { last_seq, rev: now });
      });
    });
    on("room_deleted", ({ room_id }) => this.rooms.delete(room_id));
    on("room_removed", ({ room_id }) => this.rooms.delete(room_id));
    on("room_added", ({ room }) => {
      this.rooms.set(room.id, { room, members: new Map(), messages: [] });
      this.#toFetch.add(room.id);
    });
    on("message_read", ({ room_id, user_id, read_seq }) => {
      const mirrored = this.rooms.get(room_id);
      if (!mirrored || user_id !== this.person.id) return;
      mirrored.room.read_seq = Math.max(mirrored.room.read_seq, read_seq);
      mirrored.room.unread_count = unreadOf(this.person.id, mirrored);
    });
    on("me_updated", ({ user }) => {
      this.me = user;
    });
    on("user_updated", ({ user }) => this.#renamed(user));
  }

  /** Fetches what a client must fetch because no event carries it: members and messages of a room that was added. */
  async complete(): Promise<void> {
    for (const id of this.#toFetch) {
      const mirrored = this.rooms.get(id);
      if (!mirrored) continue;
      const { members, messages } = await this.#fetchRoom(mirrored.room);
      mirrored.members = members;
      mirrored.messages = messages;
    }
    this.#toFetch.clear();
  }

  /** In a form that two mirrors can be compared by. */
  toJSON() {
    return {
      me: this.me,
      rooms: [...this.rooms.values()]
        .sort((a, b) => a.room.id.localeCompare(b.room.id))
        .map(({ room, members, messages }) => ({
          // Who comes to the lobby and goes is not told (CONTRACT, WebSocket): whoever wants to know asks.
          room: room.is_lobby ? { ...room, member_count: 0 } : room,
          members: room.is_lobby ? [] : [...members.values()].sort((a, b) => a.user_id.localeCompare(b.user_id)),
          messages,
        })),
    };
  }

  #message(message: EventPayload<"new_message">): void {
    this.#at(message.room_id, message.rev, (mirrored) => {
      const last = mirrored.messages.at(-1)?.seq ?? 0;
      // A room just added is fetched as a whole.
      if (!this.#toFetch.has(message.room_id)) {
        if (message.seq !== last + 1) throw new Error(`seq ${message.seq} came after ${last}`);
        mirrored.messages.push(message);
      }
      mirrored.room.last_seq = message.seq;
      mirrored.room.last_message = message;
      if (message.sender.id === this.person.id && message.type !== "system") mirrored.room.read_seq = message.seq;
      mirrored.room.unread_count = unreadOf(this.person.id, mirrored);
    });
  }

  #at(roomId: string, rev: number, apply: (mirrored: MirroredRoom) => void): void {
    const mirrored = this.rooms.get(roomId);
    if (!mirrored) return;
    if (rev < mirrored.room.rev) throw new Error(`rev ${rev} came after ${mirrored.room.rev}`);
    mirrored.room.rev = rev;
    apply(mirrored);
  }

  #renamed(user: UserRef): void {
    for (const { members, messages, room } of this.rooms.values()) {
      const known = members.get(user.id);
      if (known) Object.assign(known, this.#named(user));
      if (room.owner?.id === user.id) room.owner = { id: user.id, username: user.username };
      for (const message of [
        ...messages,
        ...(room.last_message && !("is_hidden" in room.last_message) ? [room.last_message] : []),
      ]) {
        if (message.sender.id === user.id) message.sender = user;
        const { id, username, display_name } = user;
        if (message.system?.actor.id === id) message.system.actor = { id, username, display_name };
        if (message.system?.target?.id === id) message.system.target = { id, username, display_name };
      }
    }
  }

  #named({ username, display_name, avatar_url }: UserRef) {
    return { username, display_name, avatar_url };
  }
}
