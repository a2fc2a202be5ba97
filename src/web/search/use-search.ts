import { useEffect, useState } from "react";
import type { SearchHit } from "../../protocol/models.ts";
import { parley } from "../app/parley.ts";

interface Held {
  /** What was asked; another key is another search. */
  readonly key: string;
  /** null until the first answer has come. */
  readonly hits: readonly SearchHit[] | null;
  readonly oldestId: string | null;
  readonly hasMore: boolean;
  readonly error: unknown;
}

interface Found extends Held {
  /** What is shown belongs to an earlier question, or more is on its way. */
  readonly isBusy: boolean;
  loadMore(): void;
}

const nothing: Held = { key: "", hits: null, oldestId: null, hasMore: false, error: null };
/** A person types faster than the server should be asked. */
const pauseMs = 200;

/** The last search of this page: Back from a hit leads to it as it was, not to a new one. */
let last: Held = nothing;

/** Messages with these words, newest first, page by page; an empty question finds nothing. Earlier finds stay until new ones come. */
export function useSearch(q: string, roomId: string | null): Found {
  const key = q === "" ? "" : `${roomId ?? ""} ${q}`;
  const [held, setHeld] = useState<Held>(() => (last.key === key ? last : nothing));
  const [wanted, setWanted] = useState<{ key: string; before: string | null }>({ key, before: null });
  const before = wanted.key === key ? wanted.before : null;
  const isAnswered = held.key === key && (before === null || before !== held.oldestId);

  useEffect(() => {
    if (key === "" || isAnswered) return;
    let isWanted = true;
    const ask = async () => {
      const query = { q, ...(before !== null && { before }) };
      const asked =
        roomId === null ? parley.http.messages.search(query) : parley.http.messages.searchRoom(roomId, query);
      const answer = await asked.then(
        ({ data, meta }) => ({ hits: data, oldestId: meta.oldest_id, hasMore: meta.has_more, error: null }),
        (error: unknown) => ({ hits: [], oldestId: null, hasMore: false, error }),
      );
      if (!isWanted) return;
      setHeld((now) => {
        const earlier = before !== null && now.key === key ? (now.hits ?? []) : [];
        const next = { ...answer, key, hits: [...earlier, ...answer.hits] };
        if (answer.error === null) last = next;
        return next;
      });
    };
    const timer = setTimeout(() => void ask(), before === null && held.hits !== null ? pauseMs : 0);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
    // What is asked is named by the key and the place to go on from.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [key, before, isAnswered]);

  return {
    ...(key === "" ? nothing : held),
    isBusy: key !== "" && !isAnswered,
    loadMore: () => setWanted({ key, before: held.oldestId }),
  };
}
