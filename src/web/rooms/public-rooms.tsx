import { describeError } from "../app/describe-error.ts";
import { parley, useParley } from "../app/parley.ts";
import { usePages } from "../app/use-pages.ts";
import { useText } from "../i18n/use-text.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button } from "../ui/button.tsx";
import { Empty, Loading } from "../ui/empty.tsx";
import { JoinButton } from "./join-button.tsx";
import { roomName } from "./room-name.ts";

interface PublicRoomsProps {
  query: string;
  openRoomId: string | null;
  /** `compact` in the list, `cards` where there is room. */
  look: "compact" | "cards";
  /** Leaves out the rooms that one is in. */
  onlyOthers?: boolean;
}

export function PublicRooms({ query, openRoomId, look, onlyOthers = false }: PublicRoomsProps) {
  const text = useText();
  const search = query.trim();
  const own = useParley((state) => state.rooms);
  const isGuest = useParley((state) => state.me === null);
  const { items, hasMore, error, loadMore } = usePages(`${isGuest} ${search}`, (page) =>
    parley.http.rooms.list({ type: "public", page, ...(search && { search }) }),
  );
  const isIn = (id: string) => (own[id]?.my_role ?? null) !== null;
  const shown = items?.filter(({ id }) => !onlyOthers || !isIn(id));

  if (error !== null) return <p className="pane-note">{describeError(error, text)}</p>;
  if (shown === undefined) return <Loading label={text.loading} />;
  if (shown.length === 0) {
    return <Empty title={search === "" ? text.discover.nothing : text.discover.nothingFound(search)} />;
  }
  return (
    <>
      <ul className={look === "cards" ? "room-cards" : "room-list"}>
        {shown.map((room) => (
          <li key={room.id} className={look === "cards" ? "room-card" : "room-item"}>
            <Link
              className={look === "cards" ? "room-card-link" : "room-row"}
              to={paths.room(room.id)}
              aria-current={room.id === openRoomId ? "page" : undefined}
            >
              <Avatar id={room.id} name={roomName(room, text)} url={room.avatar_url} size="large" />
              <span className="room-row-text">
                <span className="room-row-name" dir="auto">
                  {roomName(room, text)}
                </span>
                <span className="room-row-preview" dir="auto">
                  {room.description.replace(/\s+/g, " ") || text.rooms.memberCount(room.member_count)}
                </span>
                {look === "cards" && room.description !== "" && (
                  <span className="room-card-count">{text.rooms.memberCount(room.member_count)}</span>
                )}
              </span>
            </Link>
            {look === "cards" && !isGuest && <JoinButton room={room} isIn={isIn(room.id)} />}
          </li>
        ))}
      </ul>
      {hasMore && (
        <div className="list-more">
          <Button onClick={loadMore}>{text.more}</Button>
        </div>
      )}
    </>
  );
}
