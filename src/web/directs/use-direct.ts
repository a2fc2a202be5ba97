import { useEffect, useState } from "react";
import type { User } from "../../protocol/models.ts";
import { ApiError } from "../../sdk/errors.ts";
import type { RoomState } from "../../sdk/state.ts";
import { placeFor } from "../../sdk/reduce-conversation.ts";
import { parley, useParley } from "../app/parley.ts";

/** The id of the room with a person, once there is one. */
export function useDirectRoomId(userId: string): string | undefined {
  return useParley((state) => Object.values(state.rooms).find(({ peer }) => peer?.id === userId)?.id);
}

/** `missing`: there is no such person. */
export type KnownPerson = User | "loading" | "missing";

export function usePerson(userId: string): KnownPerson {
  const [known, setKnown] = useState<{ userId: string; person: KnownPerson }>({ userId, person: "loading" });
  const isReady = useParley((state) => state.connection.status === "ready");
  useEffect(() => {
    let isWanted = true;
    parley.http.users.get(userId).then(
      (person) => isWanted && setKnown({ userId, person }),
      (error: unknown) => {
        // Not reached is not refused: the next connection asks again.
        if (isWanted && error instanceof ApiError) setKnown({ userId, person: "missing" });
      },
    );
    return () => {
      isWanted = false;
    };
  }, [userId, isReady]);
  return known.userId === userId ? known.person : "loading";
}

/** What a conversation is before its first message: a place for what waits, and for a draft. */
export function placeOfPerson(peer: User): RoomState {
  return {
    id: placeFor(peer.id),
    name: "",
    description: "",
    type: "direct",
    is_lobby: false,
    avatar_url: null,
    owner: null,
    created_by: null,
    member_count: 2,
    max_members: 2,
    slow_mode_s: 0,
    last_seq: 0,
    rev: 0,
    created_at: new Date(0).toISOString(),
    peer,
    last_message: null,
    read_seq: 0,
    unread_count: 0,
    mention_count: 0,
    my_role: "member",
    notify_level: "all",
    muted_until: null,
  };
}
