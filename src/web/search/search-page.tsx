import { ArrowLeft, Search, SearchX } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { describeError } from "../app/describe-error.ts";
import { useParley } from "../app/parley.ts";
import { useWidth } from "../app/use-media.ts";
import { useText } from "../i18n/use-text.ts";
import { roomName } from "../rooms/room-name.ts";
import { SearchBox } from "../rooms/search-box.tsx";
import { useRoom } from "../rooms/use-room.ts";
import { paths } from "../routing/place.ts";
import { goBack, navigate } from "../routing/router.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { Empty, Loading } from "../ui/empty.tsx";
import { HitRow } from "./hit-row.tsx";
import { useSearch } from "./use-search.ts";

interface SearchPageProps {
  q: string;
  /** The room that one came from; null: all of one's rooms. */
  roomId: string | null;
  isGuest: boolean;
}

/** The URL follows what is typed, but not every letter of it. */
const urlPauseMs = 300;
/** The find that was opened last: whoever comes back goes on from it. */
let openedId: string | null = null;

/** Looks for messages: in one room, or in all of one's own. */
export function SearchPage({ q, roomId, isGuest }: SearchPageProps) {
  const text = useText();
  const width = useWidth();
  const [typed, setTyped] = useState(q);
  const rooms = useParley((state) => state.rooms);
  const query = typed.trim();
  const found = useSearch(query, roomId);
  const list = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (typed === q) return;
    const timer = setTimeout(() => navigate(paths.search(typed, roomId), { replace: true }), urlPauseMs);
    return () => clearTimeout(timer);
  }, [typed, q, roomId]);

  const isEmpty = found.hits === null || found.hits.length === 0;
  // Read once and kept: an effect may run twice.
  const [opened] = useState(openedId);
  useEffect(() => {
    const back =
      opened === null ? null : list.current?.querySelector<HTMLElement>(`[data-hit="${CSS.escape(opened)}"]`);
    (back ?? list.current?.querySelector("input"))?.focus();
  }, [opened]);

  /** From the box down into the finds, among them, and up again. */
  function moveByKey(event: KeyboardEvent) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp" && event.key !== "Escape") return;
    if (event.nativeEvent.isComposing) return;
    const stops = [...(list.current?.querySelectorAll<HTMLElement>("input[type=text], [data-hit]") ?? [])];
    const at = stops.indexOf(document.activeElement as HTMLElement);
    const next = event.key === "Escape" ? stops[0] : stops[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (at === -1 || !next || next === stops[at]) return;
    event.preventDefault();
    next.focus();
  }

  return (
    <>
      <header className="pane-header">
        {width !== "wide" && (
          <IconButton label={text.back} onClick={() => goBack(roomId === null ? paths.chats : paths.room(roomId))}>
            <ArrowLeft size={20} aria-hidden className="flips" />
          </IconButton>
        )}
        <h1 className="pane-title">{text.search.title}</h1>
      </header>
      <div className="pane-scroll">
        <div className="page search-page" ref={list} onKeyDown={moveByKey}>
          <SearchBox label={text.search.label} placeholder={text.search.label} value={typed} onChange={setTyped} />
          {roomId !== null && <Scope q={typed} roomId={roomId} isGuest={isGuest} />}
          <p className="visually-hidden" role="status">
            {query !== "" && !found.isBusy && found.error === null && found.hits !== null
              ? text.search.count(found.hits.length, found.hasMore)
              : ""}
          </p>
          {query === "" ? (
            <Empty icon={<Search size={36} aria-hidden />} title={text.search.hint} hint={text.search.hintMore} />
          ) : found.error !== null ? (
            <p className="pane-note" role="alert">
              {describeError(found.error, text)}
            </p>
          ) : found.hits === null ? (
            <Loading label={text.loading} />
          ) : isEmpty ? (
            !found.isBusy && <Empty icon={<SearchX size={36} aria-hidden />} title={text.search.nothing(query)} />
          ) : (
            <>
              <ul className="hits" aria-label={text.search.results} aria-busy={found.isBusy}>
                {found.hits.map((hit) => {
                  const room = rooms[hit.room_id];
                  return (
                    <HitRow
                      key={hit.id}
                      hit={hit}
                      roomName={roomId === null && room ? roomName(room, text) : null}
                      onOpen={() => (openedId = hit.id)}
                    />
                  );
                })}
              </ul>
              {found.hasMore && (
                <div className="list-more">
                  <Button busy={found.isBusy} onClick={found.loadMore}>
                    {text.more}
                  </Button>
                </div>
              )}
            </>
          )}
        </div>
      </div>
    </>
  );
}

/** Says where is looked, and lets one look everywhere. */
function Scope({ q, roomId, isGuest }: { q: string; roomId: string; isGuest: boolean }) {
  const text = useText();
  const known = useRoom(roomId, isGuest);
  const name = known.status === "found" ? roomName(known.room, text) : "…";
  return (
    <div className="search-scope">
      <p className="search-scope-room" dir="auto">
        {text.search.inRoom(name)}
      </p>
      {!isGuest && (
        <Button look="quiet" onClick={() => navigate(paths.search(q, null), { replace: true })}>
          {text.search.everywhere}
        </Button>
      )}
    </div>
  );
}
