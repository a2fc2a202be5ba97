import type { ReactNode } from "react";
import type { UserRef } from "../../protocol/models.ts";
import { WatchedAvatar } from "../presence/presence-dot.tsx";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";

interface PersonRowProps {
  person: UserRef;
  /** Below the name, instead of the user name. */
  note?: ReactNode;
  /** What one can do at once. */
  children?: ReactNode;
}

/** One person of a list; the name leads to their page. */
export function PersonRow({ person, note, children }: PersonRowProps) {
  return (
    <li className="people-row">
      <Link className="person-row" to={paths.person(person.id)}>
        <WatchedAvatar id={person.id} name={person.display_name} url={person.avatar_url} />
        <span className="person-text">
          <bdi>{person.display_name}</bdi>
          <span className="muted" dir="auto">
            {note ?? `@${person.username}`}
          </span>
        </span>
      </Link>
      {children && <span className="people-row-actions">{children}</span>}
    </li>
  );
}
