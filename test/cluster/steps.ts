import type { TimelineMessage, Message } from "../../src/protocol/models.ts";
import type { Claims } from "../support/claims.ts";
import type { Player } from "./player.ts";

/** Where a walk takes place. The owner owns the rooms, hides nothing from herself, blocks nobody and stays everywhere. */
export interface Stage {
  readonly players: readonly Player[];
  readonly owner: Player;
  readonly claims: Claims;
  /** Pairs of which one has ever blocked the other, as {@link pairOf} names them. */
  readonly apart: Set<string>;
  /** In `home` everybody stays; into `garden` the owner lets people; `plaza` is open. */
  readonly rooms: { home: string; garden: string; plaza: string };
}

/** Draws from the walk's seed. */
export interface Draw {
  number(below: number): number;
  /** `undefined` from an empty list. */
  of<T>(list: readonly T[]): T | undefined;
}

export interface Step {
  readonly name: string;
  /** How often it is drawn, compared with the others. */
  readonly weight: number;
  run(stage: Stage, player: Player, draw: Draw): Promise<unknown> | void;
}

const emojis = ["👍", "❤️", "😂"];
/** A node may be deaf for some seconds before it knows, and then looks once a second at what it missed (G6). */
const graceMs = 10_000;
/** How far back people go in what they edit and react to. */
const lookBack = 30;

function recent({ client }: Player, roomId: string): readonly TimelineMessage[] {
  return client.store.getSnapshot().timelines[roomId]?.messages.slice(-lookBack) ?? [];
}

const isText = (message: TimelineMessage): message is Message =>
  !("is_hidden" in message) && message.type === "text" && !message.is_deleted && !message.is_recalled;

function anyRoom({ rooms, players }: Stage, player: Player, draw: Draw): string {
  const directs = players.flatMap(({ id }) => player.client.directRoom(id)?.id ?? []);
  return draw.of([rooms.home, rooms.home, rooms.home, rooms.garden, rooms.plaza, ...directs]) ?? rooms.home;
}

const others = ({ players }: Stage, player: Player) => players.filter((each) => each !== player);
/** Who may be put out, and may block: all but the owner, who sees everything in the end. */
const subjects = (stage: Stage, player: Player) => others(stage, player).filter((each) => each !== stage.owner);

export const pairOf = (...ids: readonly string[]) => [...ids].sort().join(" ");

/** Does something to one of one's own messages, and says so once it is acknowledged. */
async function toOwn(
  stage: Stage,
  player: Player,
  draw: Draw,
  change: (message: Message) => Promise<{ value: string; done: Promise<unknown> }>,
): Promise<void> {
  const room = draw.of([stage.rooms.home, stage.rooms.plaza]) ?? "";
  const message = draw.of(recent(player, room).filter((each) => isText(each) && each.sender.id === player.id));
  if (!message || !isText(message)) return;
  const { value, done } = await change(message);
  const acknowledged = stage.claims.attempt(`message ${message.id}`, value, message.content);
  await done;
  acknowledged();
}

/** What a message comes to for the claims: its words, or that it is gone; what is gone stays as it is. */
export const standing = ({ content, is_deleted, is_recalled }: Message) =>
  is_deleted || is_recalled ? "gone" : content;

export const steps: readonly Step[] = [
  {
    name: "say",
    weight: 40,
    run(stage, player, draw) {
      for (let count = 1 + draw.number(4); count > 0; count--) void player.say(anyRoom(stage, player, draw));
    },
  },
  {
    name: "write to somebody",
    weight: 6,
    run(stage, player, draw) {
      const other = draw.of(others(stage, player));
      if (other) void player.writeTo(other.id);
    },
  },
  {
    name: "edit",
    weight: 8,
    run: (stage, player, draw) =>
      toOwn(stage, player, draw, async (message) => {
        const content = player.script.write(player.name);
        return { value: content, done: player.client.http.messages.edit(message.id, { content }) };
      }),
  },
  {
    name: "delete",
    weight: 3,
    run: (stage, player, draw) =>
      toOwn(stage, player, draw, async ({ id }) => ({
        value: "gone",
        done: player.client.http.messages.remove(id, { for: "all" }),
      })),
  },
  {
    name: "recall",
    weight: 2,
    run: (stage, player, draw) =>
      toOwn(stage, player, draw, async ({ id }) => ({
        value: "gone",
        done: player.client.http.messages.recall(id),
      })),
  },
  {
    name: "hide for oneself",
    weight: 1,
    async run({ rooms, owner }, player, draw) {
      const message = draw.of(recent(player, rooms.plaza).filter(isText));
      if (message && player !== owner) await player.client.http.messages.remove(message.id, { for: "me" });
    },
  },
  {
    name: "react",
    weight: 12,
    async run({ rooms, claims }, player, draw) {
      const message = draw.of(recent(player, rooms.home).filter(isText));
      const emoji = draw.of(emojis);
      if (!message || !emoji) return;
      const isAdded = draw.number(3) > 0;
      const { messages } = player.client.http;
      const acknowledged = claims.attempt(
        `reaction ${message.id} ${emoji} ${player.id}`,
        isAdded ? "there" : "gone",
        "gone",
      );
      await (isAdded ? messages.react(message.id, emoji) : messages.unreact(message.id, emoji));
      acknowledged();
    },
  },
  {
    name: "read",
    weight: 10,
    run(stage, player, draw) {
      const room = anyRoom(stage, player, draw);
      const message = recent(player, room).at(-1);
      if (message) player.client.markRead(room, message);
    },
  },
  {
    name: "type",
    weight: 3,
    run: (stage, player, draw) => player.client.typing.typed(anyRoom(stage, player, draw)),
  },
  {
    name: "come to the plaza",
    weight: 4,
    run: ({ rooms }, player) => player.client.http.rooms.join(rooms.plaza),
  },
  {
    name: "leave the plaza",
    weight: 2,
    run: (stage, player) => (player === stage.owner ? undefined : player.client.http.rooms.leave(stage.rooms.plaza)),
  },
  byOwner("let somebody into the garden", 52, ({ rooms }, owner, guest) =>
    owner.client.http.rooms.addMembers(rooms.garden, { user_ids: [guest.id] }),
  ),
  byOwner("put somebody out of the garden", 8, ({ rooms }, owner, guest) =>
    owner.client.http.rooms.removeMember(rooms.garden, guest.id),
  ),
  byOwner("ban somebody from the garden", 5, ({ rooms }, owner, guest) =>
    owner.client.http.bans.put(rooms.garden, guest.id, { reason: "noise" }),
  ),
  byOwner("forgive somebody", 4, ({ rooms }, owner, guest) => owner.client.http.bans.delete(rooms.garden, guest.id)),
  byOwner("rename the plaza", 3, ({ rooms, claims }, owner, _, draw) => {
    const name = `plaza ${draw.number(1_000)}`;
    const acknowledged = claims.attempt("the plaza's name", name, "plaza");
    return owner.client.http.rooms.update(rooms.plaza, { name }).then(acknowledged);
  }),
  byOwner("pin", 10, async ({ rooms, claims }, owner, _, draw) => {
    const message = draw.of(recent(owner, rooms.home).filter(isText));
    if (!message) return;
    const isPinned = draw.number(2) > 0;
    const { pin, unpin } = owner.client.http.rooms;
    const acknowledged = claims.attempt(`pin ${message.id}`, isPinned ? "there" : "gone", "gone");
    await (isPinned ? pin : unpin)(rooms.home, message.id);
    acknowledged();
  }),
  {
    name: "block",
    weight: 3,
    async run(stage, player, draw) {
      const other = draw.of(subjects(stage, player));
      if (!other || player === stage.owner) return;
      const { blockedSinceMs } = player.ear;
      stage.apart.add(pairOf(player.id, other.id));
      await player.client.http.blocks.add(other.id);
      blockedSinceMs.set(other.name, performance.now() + graceMs);
    },
  },
  {
    name: "unblock",
    weight: 3,
    async run(stage, player, draw) {
      const other = draw.of(others(stage, player).filter(({ name }) => player.ear.blockedSinceMs.has(name)));
      if (!other) return;
      player.ear.blockedSinceMs.delete(other.name);
      await player.client.http.blocks.remove(other.id);
    },
  },
  {
    name: "ask to be friends",
    weight: 4,
    async run(stage, player, draw) {
      const other = draw.of(others(stage, player));
      if (other) await player.client.http.friends.request({ user_id: other.id });
    },
  },
  {
    name: "answer who asked",
    weight: 4,
    async run(_, player, draw) {
      const { friends } = player.client.http;
      const requests = Object.values(player.client.store.getSnapshot().friendRequests);
      const asked = draw.of(requests.filter(({ direction }) => direction === "incoming"));
      if (asked) await (draw.number(3) > 0 ? friends.accept(asked.id) : friends.reject(asked.id));
    },
  },
  {
    name: "part with a friend",
    weight: 1,
    async run(_, player, draw) {
      const friend = draw.of(Object.keys(player.client.store.getSnapshot().friends));
      if (friend !== undefined) await player.client.http.friends.remove(friend);
    },
  },
  {
    name: "choose a status",
    weight: 2,
    run: (_, player, draw) => player.client.presence.choose(draw.of(["online", "away", "busy"] as const) ?? "online"),
  },
  { name: "lose the connection", weight: 4, run: (_, player) => player.cut() },
  {
    name: "read notifications",
    weight: 1,
    run: (_, player) => player.client.notifications.markAllRead(),
  },
  {
    name: "read back",
    weight: 2,
    async run({ rooms }, player) {
      await player.client.timelines.loadOlder(rooms.home);
    },
  },
];

function byOwner(
  name: string,
  weight: number,
  run: (stage: Stage, owner: Player, other: Player, draw: Draw) => Promise<unknown>,
): Step {
  return {
    name,
    weight,
    async run(stage, player, draw) {
      const other = draw.of(subjects(stage, stage.owner));
      // By the owner, whose steps come one after the other.
      if (other && player === stage.owner) await run(stage, player, other, draw);
    },
  };
}
