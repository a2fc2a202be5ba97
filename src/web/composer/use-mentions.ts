import { type KeyboardEvent, type RefObject, useEffect, useId, useState } from "react";
import type { Member } from "../../protocol/models.ts";
import { everybody } from "../../sdk/mentions.ts";
import type { RoomState } from "../../sdk/state.ts";
import { parley, useParley } from "../app/parley.ts";
import { matching, type MentionQuery, mentionQuery } from "./mention-query.ts";

/** Somebody who can be named; without an id it is everybody. */
export interface Candidate {
  readonly id: string | null;
  readonly username: string;
  readonly name: string;
  readonly avatarUrl: string | null;
}

export interface Mentions {
  readonly candidates: readonly Candidate[];
  readonly active: number;
  readonly listId: string;
  optionId(index: number): string;
  /** Looks at what stands before the caret: after every change of it. */
  look(): void;
  close(): void;
  /** Whether the key was for the list. */
  press(event: KeyboardEvent): boolean;
  pick(candidate: Candidate): void;
  /** For the field that the list belongs to. */
  readonly field: Readonly<Record<string, string | undefined>>;
}

interface Options {
  room: RoomState;
  ownId: string;
  area: RefObject<HTMLTextAreaElement | null>;
  /** Puts `text` into the field, with the caret behind it, in place of what stands between. */
  replace(from: number, to: number, text: string): void;
}

const shownMax = 8;
/** A person types faster than the server should be asked. */
const pauseMs = 150;
const nobody: readonly Member[] = [];

/** Completes the names of a room's members behind an `@`. */
export function useMentions({ room, ownId, area, replace }: Options): Mentions {
  const [query, setQuery] = useState<MentionQuery | null>(null);
  const [active, setActive] = useState(0);
  const base = useId();
  const people = usePeople(room, query?.typed ?? null);
  const me = useParley((state) => state.me);

  const typed = query?.typed ?? "";
  const runsRoom = room.my_role === "owner" || room.my_role === "admin" || (me !== null && me.role !== "user");
  const mayAll = room.type !== "direct" && runsRoom && everybody.startsWith(typed.toLowerCase());
  const candidates: Candidate[] =
    query === null
      ? []
      : [
          ...matching(people, typed, ownId).map(candidateOf),
          ...(mayAll ? [{ id: null, username: everybody, name: "", avatarUrl: null }] : []),
        ].slice(0, shownMax);
  const isOpen = candidates.length > 0;
  const at = Math.min(active, Math.max(0, candidates.length - 1));
  const listId = `${base}-mentions`;
  const optionId = (index: number) => `${base}-mention-${index}`;

  function look() {
    const shown = area.current;
    const isTyping = shown !== null && document.activeElement === shown && shown.selectionStart === shown.selectionEnd;
    const found = isTyping ? mentionQuery(shown.value, shown.selectionEnd) : null;
    if (found?.at !== query?.at || found?.typed !== query?.typed) {
      setQuery(found);
      setActive(0);
    }
  }

  function pick({ username }: Candidate) {
    if (query === null) return;
    replace(query.at, query.at + 1 + query.typed.length, `@${username} `);
    setQuery(null);
  }

  function press({ key, shiftKey, altKey, ctrlKey, metaKey }: KeyboardEvent): boolean {
    if (!isOpen || shiftKey || altKey || ctrlKey || metaKey) return false;
    const chosen = candidates[at];
    if (key === "ArrowDown" || key === "ArrowUp") {
      setActive((at + (key === "ArrowDown" ? 1 : -1) + candidates.length) % candidates.length);
    } else if ((key === "Enter" || key === "Tab") && chosen) pick(chosen);
    else if (key === "Escape") setQuery(null);
    else return false;
    return true;
  }

  return {
    candidates,
    active: at,
    listId,
    optionId,
    look,
    close: () => setQuery(null),
    press,
    pick,
    field: {
      "aria-autocomplete": "list",
      "aria-haspopup": "listbox",
      "aria-controls": isOpen ? listId : undefined,
      "aria-activedescendant": isOpen ? optionId(at) : undefined,
    },
  };
}

function candidateOf({ user_id, username, display_name, avatar_url }: Member): Candidate {
  return { id: user_id, username, name: display_name, avatarUrl: avatar_url };
}

/** The members among whom a name is looked for: all of them where they are held, else those that the server finds. */
function usePeople(room: RoomState, typed: string | null): readonly Member[] {
  const held = useParley((state) => state.members[room.id]);
  const [found, setFound] = useState<{ roomId: string; members: readonly Member[] } | null>(null);
  const isWanted = typed !== null;
  const isComplete = held?.complete === true;

  useEffect(() => {
    // Errors are kept nowhere: without names there is just no help.
    if (isWanted && !room.is_lobby) parley.members.open(room.id).catch(() => {});
  }, [isWanted, room.id, room.is_lobby]);

  useEffect(() => {
    if (typed === null || (isComplete && !room.is_lobby)) return;
    let isCurrent = true;
    const timer = setTimeout(() => {
      parley.http.rooms.members(room.id, { per_page: 50, ...(typed !== "" && { search: typed }) }).then(
        ({ data }) => isCurrent && setFound({ roomId: room.id, members: data }),
        () => isCurrent && setFound(null),
      );
    }, pauseMs);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [typed, isComplete, room.id, room.is_lobby]);

  if (held?.complete && !room.is_lobby) return Object.values(held.byId);
  return found?.roomId === room.id ? found.members : nobody;
}
