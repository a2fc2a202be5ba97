import type { PendingRequest } from "../../sdk/state.ts";
import { useParley } from "../app/parley.ts";

/** How somebody stands to oneself. */
export interface Relation {
  readonly isSelf: boolean;
  readonly isFriend: boolean;
  readonly isBlocked: boolean;
  readonly request: PendingRequest | undefined;
}

export function useRelation(userId: string): Relation {
  return {
    isSelf: useParley((state) => state.me?.id) === userId,
    isFriend: useParley((state) => userId in state.friends),
    isBlocked: useParley((state) => userId in state.blocks),
    request: useParley((state) => state.friendRequests[userId]),
  };
}
