import type { CommandHandlers } from "../context.ts";
import { roomWithNumbers } from "./directory.ts";
import { joinRoom } from "./join.ts";
import { leaveRoom } from "./leave.ts";
import { visibleRoom } from "./policy.ts";

export const roomCommands: Pick<CommandHandlers, "join_room" | "leave_room"> = {
  join_room: async (ctx, peer, { room_id }) => {
    if (peer.viewer) return { room_id: (await joinRoom(ctx, peer.viewer, { room_id })).room_id };
    const room = await visibleRoom(ctx, null, room_id);
    const { rev } = await roomWithNumbers(ctx, room.key);
    peer.watch(room.id, rev);
    try {
      // Again: had it become private just before the watching began, nobody would have ended it.
      await visibleRoom(ctx, null, room_id);
    } catch (error) {
      peer.unwatch(room.id);
      throw error;
    }
    return { room_id: room.id };
  },
  leave_room: async (ctx, peer, { room_id }) => {
    if (peer.viewer) return { room_id: (await leaveRoom(ctx, peer.viewer, { room_id })).room_id };
    const room = await visibleRoom(ctx, null, room_id);
    peer.unwatch(room.id);
    return { room_id: room.id };
  },
};
