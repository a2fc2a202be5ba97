import type { JoinedRoom, Member, Message, Room, RoomChanges, SystemKind, UserRef } from "../../src/protocol/models.ts";
import type { ServerFrame } from "../../src/protocol/events.ts";

const time = "2026-01-09T10:30:00.000Z";

/** A frame without what only the wire needs. */
export type Event = {
  [F in ServerFrame as F["type"]]: { type: F["type"]; payload: F["payload"] };
}[ServerFrame["type"]];

export function person(name: string): UserRef {
  return { id: `user-${name}`, username: name, display_name: name, avatar_url: null };
}

export function asMember({ rev: _rev, ...member }: Member & { rev: number }): Member {
  return member;
}

/** One room as the contract describes it, in the simplest way: every change gets a `rev`, state is what is there. */
export class ModelRoom {
  readonly messages: Message[] = [];
  readonly members = new Map<string, Member & { rev: number }>();
  readonly #gone = new Map<string, number>();
  readonly #readSeq = new Map<string, number>();
  readonly #tempIds = new Map<string, Message>();
  rev = 0;
  #settingsRev = 0;
  name = "Room";

  constructor(
    readonly id: string,
    people: readonly UserRef[],
  ) {
    for (const user of people) this.#enter(user);
  }

  /** A person's message; sent again with the same `tempId`, it is the first one, and nothing happens. */
  send(sender: UserRef, content: string, tempId: string | null = null): { message: Message; events: Event[] } {
    const original = tempId === null ? undefined : this.#tempIds.get(`${sender.id} ${tempId}`);
    if (original) return { message: original, events: [] };
    this.rev++;
    const message = this.#append(sender, { content, temp_id: tempId });
    this.#readSeq.set(sender.id, message.seq);
    if (tempId !== null) this.#tempIds.set(`${sender.id} ${tempId}`, message);
    return { message, events: [{ type: "new_message", payload: message }] };
  }

  join(user: UserRef): Event[] {
    if (this.members.has(user.id)) return [];
    this.rev++;
    this.#enter(user);
    return [
      { type: "user_joined", payload: { room_id: this.id, user, rev: this.rev } },
      this.#tell(user, "member_joined"),
    ];
  }

  leave(user: UserRef): Event[] {
    if (!this.members.delete(user.id)) return [];
    this.rev++;
    this.#gone.set(user.id, this.rev);
    return [
      { type: "user_left", payload: { room_id: this.id, user_id: user.id, reason: "left", rev: this.rev } },
      this.#tell(user, "member_left"),
    ];
  }

  rename(by: UserRef, name: string): Event[] {
    this.rev++;
    this.name = name;
    this.#settingsRev = this.rev;
    const line = this.#tell(by, "name_changed");
    return [{ type: "room_updated", payload: { room_id: this.id, room: this.room(), rev: this.rev } }, line];
  }

  read(user: UserRef, messageId: string): Event[] {
    const seq = this.messages.find(({ id }) => id === messageId)?.seq ?? 0;
    if (seq <= this.readSeq(user)) return [];
    this.#readSeq.set(user.id, seq);
    const payload = { room_id: this.id, message_id: messageId, user_id: user.id, read_seq: seq, read_at: time };
    return [{ type: "message_read", payload }];
  }

  readSeq(user: UserRef): number {
    return this.#readSeq.get(user.id) ?? 0;
  }

  unread(user: UserRef): number {
    const after = this.messages.slice(this.readSeq(user));
    return Math.min(100, after.filter(({ type, sender }) => type !== "system" && sender.id !== user.id).length);
  }

  room(): Room {
    return {
      id: this.id,
      name: this.name,
      description: "",
      type: "public",
      is_lobby: false,
      avatar_url: null,
      owner: null,
      created_by: null,
      member_count: this.members.size,
      max_members: 500,
      slow_mode_s: 0,
      last_seq: this.messages.length,
      rev: this.rev,
      created_at: time,
    };
  }

  joinedRoom(user: UserRef): JoinedRoom {
    return {
      ...this.room(),
      last_message: this.messages.at(-1) ?? null,
      read_seq: this.readSeq(user),
      unread_count: this.unread(user),
      mention_count: 0,
      my_role: "member",
      notify_level: "all",
      muted_until: null,
    };
  }

  /** What changed after `since`, oldest first; at most about `limit` changes, never half of what shares a `rev`. */
  changes(since: number, limit: number): RoomChanges {
    const members = [...this.members.values()].filter(({ rev }) => rev > since);
    const gone = [...this.#gone].filter(([userId, rev]) => rev > since && !this.members.has(userId));
    const messages = this.messages.filter(({ rev }) => rev > since);
    const revs = [...members, ...messages].map(({ rev }) => rev).concat(gone.map(([, rev]) => rev));
    const cut = revs.toSorted((a, b) => a - b)[limit - 1];
    const more = cut !== undefined && revs.some((rev) => rev > cut);
    const upTo = more ? cut : this.rev;
    return {
      room_id: this.id,
      ...(this.#settingsRev > since ? { room: this.room() } : {}),
      messages: messages.filter(({ rev }) => rev <= upTo),
      members: members.filter(({ rev }) => rev <= upTo).map(asMember),
      members_removed: gone.filter(([, rev]) => rev <= upTo).map(([userId]) => userId),
      cursors: [],
      rev: upTo,
      has_more: more,
    };
  }

  history(query: URLSearchParams): { data: Message[]; meta: { has_more: boolean } } {
    const limit = Number(query.get("limit") ?? 50);
    const place = (name: string) => this.messages.findIndex(({ id }) => id === query.get(name));
    const aroundSeq = Number(query.get("around_seq"));
    let start = Math.max(0, this.messages.length - limit);
    let end = this.messages.length;
    if (query.has("before")) [start, end] = [Math.max(0, place("before") - limit), place("before")];
    if (query.has("after")) [start, end] = [place("after") + 1, place("after") + 1 + limit];
    const isAround = query.has("around") || aroundSeq > 0;
    if (isAround) {
      start = Math.max(0, (aroundSeq > 0 ? aroundSeq - 1 : place("around")) - Math.floor(limit / 2));
      end = start + limit;
    }
    const has_more = query.has("after") || isAround ? end < this.messages.length : start > 0;
    return { data: this.messages.slice(start, end), meta: { has_more } };
  }

  #enter(user: UserRef): void {
    const { id: user_id, username, display_name, avatar_url } = user;
    const names = { user_id, username, display_name, avatar_url };
    const member: Member = { ...names, role: "member", status: "online", joined_at: time, muted_until: null };
    this.members.set(user_id, { ...member, rev: this.rev });
  }

  #tell(actor: UserRef, kind: SystemKind): Event {
    const line = this.#append(actor, { content: "", type: "system", system: { kind, actor } });
    return { type: "new_message", payload: line };
  }

  #append(sender: UserRef, fields: Partial<Message>): Message {
    const seq = this.messages.length + 1;
    const message: Message = {
      id: `${this.id}-message-${seq}`,
      room_id: this.id,
      seq,
      rev: this.rev,
      sender,
      content: "",
      type: "text",
      reply_to: null,
      files: [],
      reactions: [],
      mentions: [],
      created_at: time,
      is_edited: false,
      edited_at: null,
      is_deleted: false,
      is_recalled: false,
      temp_id: null,
      ...fields,
    };
    this.messages.push(message);
    return message;
  }
}
