import type { User } from "../../protocol/models.ts";
import { parley, useParley } from "../app/parley.ts";
import { usePages } from "../app/use-pages.ts";
import { useText } from "../i18n/use-text.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { Avatar } from "../ui/avatar.tsx";

const shownMax = 5;

/** People by name, to write to; those whose conversation the list shows anyway are left out. */
export function PeopleMatches({ query }: { query: string }) {
  const text = useText();
  const ownId = useParley((state) => state.me?.id);
  const rooms = useParley((state) => state.rooms);
  const { items } = usePages<User>(`people ${query}`, (page) => parley.http.users.search({ q: query, page }));
  const known = new Set(
    Object.values(rooms).flatMap(({ peer, last_message }) => (peer && last_message ? [peer.id] : [])),
  );
  const found = (items ?? []).filter(({ id }) => id !== ownId && !known.has(id)).slice(0, shownMax);
  if (found.length === 0) return null;
  return (
    <>
      <h2 className="pane-subtitle">{text.directs.people}</h2>
      <ul className="room-list">
        {found.map((person) => (
          <li key={person.id} className="room-item">
            <Link className="room-row" to={paths.chat(person.id)}>
              <Avatar id={person.id} name={person.display_name} url={person.avatar_url} size="large" />
              <span className="room-row-text">
                <span className="room-row-line">
                  <span className="room-row-name" dir="auto">
                    {person.display_name}
                  </span>
                </span>
                <span className="room-row-line">
                  <span className="room-row-preview">@{person.username}</span>
                </span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
