import { Compass, MessageSquareText, SquarePen } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { useParley } from "../app/parley.ts";
import { PeopleMatches } from "../directs/people-matches.tsx";
import { useText } from "../i18n/use-text.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { IconButton } from "../ui/button.tsx";
import { Empty, Loading } from "../ui/empty.tsx";
import { PublicRooms } from "./public-rooms.tsx";
import { roomName } from "./room-name.ts";
import { RoomRow } from "./room-row.tsx";
import { SearchBox } from "./search-box.tsx";
import { matches, sortRooms } from "./sort-rooms.ts";

const CreateRoom = lazy(async () => ({ default: (await import("./create-room.tsx")).CreateRoom }));

interface RoomsPaneProps {
  openRoomId: string | null;
  isGuest: boolean;
}

/** The list of rooms: one's own by latest message, or for a guest the public ones. */
export function RoomsPane({ openRoomId, isGuest }: RoomsPaneProps) {
  const text = useText();
  const [query, setQuery] = useState("");
  const [creating, setCreating] = useState(false);
  return (
    <>
      <header className="pane-header">
        <h1 className="pane-title">{isGuest ? text.rooms.publicMatches : text.rooms.title}</h1>
        {!isGuest && (
          <IconButton label={text.rooms.create} onClick={() => setCreating(true)}>
            <SquarePen size={20} aria-hidden />
          </IconButton>
        )}
      </header>
      <SearchBox label={text.rooms.searchLabel} placeholder={text.rooms.search} value={query} onChange={setQuery} />
      <div className="pane-scroll">
        {isGuest ? (
          <PublicRooms query={query} openRoomId={openRoomId} look="compact" />
        ) : (
          <OwnRooms query={query.trim()} openRoomId={openRoomId} />
        )}
      </div>
      {creating && (
        <Suspense fallback={null}>
          <CreateRoom onClose={() => setCreating(false)} />
        </Suspense>
      )}
    </>
  );
}

function OwnRooms({ query, openRoomId }: { query: string; openRoomId: string | null }) {
  const text = useText();
  const rooms = useParley((state) => state.rooms);
  const loaded = useParley((state) => state.loaded);
  const ownId = useParley((state) => state.me?.id ?? null);

  // A conversation that was emptied leaves the list until something is said in it again.
  const sorted = sortRooms(rooms).filter(
    ({ id, my_role, type, last_message }) =>
      my_role !== null && (type !== "direct" || last_message !== null || id === openRoomId),
  );
  const shown = query === "" ? sorted : sorted.filter((room) => matches(room, query, roomName(room, text)));
  if (!loaded && sorted.length === 0) return <RowsLoading label={text.loading} />;
  return (
    <>
      {shown.length > 0 && (
        <ul className="room-list">
          {shown.map((room) => (
            <RoomRow key={room.id} room={room} ownId={ownId} isOpen={room.id === openRoomId} />
          ))}
        </ul>
      )}
      {query !== "" && shown.length === 0 && <p className="pane-note">{text.rooms.noMatch(query)}</p>}
      {query !== "" && <PeopleMatches query={query} />}
      {query !== "" && (
        <Link className="pane-offer" to={paths.search(query)}>
          <MessageSquareText size={20} aria-hidden />
          <span dir="auto">{text.search.offer(query)}</span>
        </Link>
      )}
      {query !== "" && (
        <>
          <h2 className="pane-subtitle">{text.rooms.publicMatches}</h2>
          <PublicRooms query={query} openRoomId={openRoomId} look="compact" onlyOthers />
        </>
      )}
      {query === "" && sorted.length === 1 && (
        <Empty title={text.rooms.onlyLobby}>
          <Link className="button button-plain" to={paths.discover}>
            <Compass size={18} aria-hidden />
            <span>{text.rooms.findMore}</span>
          </Link>
        </Empty>
      )}
    </>
  );
}

/** The shape of what is coming. */
function RowsLoading({ label }: { label: string }) {
  return (
    <div className="skeletons">
      <Loading label={label} />
      {[0, 1, 2, 3].map((row) => (
        <div key={row} className="skeleton-row" aria-hidden="true">
          <span className="skeleton-avatar" />
          <span className="skeleton-lines" />
        </div>
      ))}
    </div>
  );
}
