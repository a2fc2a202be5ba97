import { useEffect, useState } from "react";
import type { Page } from "../../sdk/http.ts";

interface Pages<T> {
  /** null until the first page has come. */
  readonly items: readonly T[] | null;
  readonly total: number;
  readonly hasMore: boolean;
  readonly error: unknown;
  loadMore(): void;
}

interface Held<T> {
  readonly key: string;
  readonly items: readonly T[] | null;
  readonly total: number;
  readonly page: number;
  readonly hasMore: boolean;
  readonly error: unknown;
}

/** A person types faster than the server should be asked. */
const pauseMs = 200;

/** A list that the server gives page by page. Another `key` is another list; the last one is shown until it comes. */
export function usePages<T>(key: string, load: (page: number) => Promise<Page<T>>): Pages<T> {
  const [held, setHeld] = useState<Held<T>>({ key, items: null, total: 0, page: 0, hasMore: false, error: null });
  const [wanted, setWanted] = useState({ key, page: 1 });
  const page = wanted.key === key ? wanted.page : 1;
  if (wanted.key !== key) setWanted({ key, page: 1 });

  useEffect(() => {
    let isWanted = true;
    const timer = setTimeout(
      () => {
        load(page).then(
          ({ data, meta }) => {
            if (!isWanted) return;
            setHeld((before) => {
              const earlier = page > 1 && before.key === key ? (before.items ?? []) : [];
              return {
                key,
                items: [...earlier, ...data],
                total: meta.total,
                page,
                hasMore: meta.has_more,
                error: null,
              };
            });
          },
          (error: unknown) => {
            if (isWanted) setHeld((before) => ({ ...before, key, hasMore: false, error }));
          },
        );
      },
      page === 1 && held.items !== null ? pauseMs : 0,
    );
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
    // What `load` asks is named by the key.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [key, page]);

  return {
    items: held.items,
    total: held.total,
    hasMore: held.hasMore && held.key === key,
    error: held.error,
    loadMore: () => setWanted({ key, page: held.page + 1 }),
  };
}
