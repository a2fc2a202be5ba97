import { Check, X } from "lucide-react";
import { useState } from "react";
import type { User } from "../../protocol/models.ts";
import { describeError } from "../app/describe-error.ts";
import { parley, useParley } from "../app/parley.ts";
import { usePages } from "../app/use-pages.ts";
import { useText } from "../i18n/use-text.ts";
import { Avatar } from "../ui/avatar.tsx";
import { SearchBox } from "./search-box.tsx";

interface PeoplePickerProps {
  chosen: readonly User[];
  onChange(chosen: readonly User[]): void;
  /** Who is in the room already. */
  members?: Readonly<Record<string, unknown>>;
}

const nobody = { data: [], meta: { page: 1, per_page: 1, total: 0, has_more: false } };

/** Finds people by name and collects them. */
export function PeoplePicker({ chosen, onChange, members = {} }: PeoplePickerProps) {
  const text = useText();
  const ownId = useParley((state) => state.me?.id);
  const [query, setQuery] = useState("");
  const q = query.trim();
  const { items, error } = usePages<User>(q, async (page) =>
    q === "" ? nobody : await parley.http.users.search({ q, page }),
  );
  const found = q === "" ? [] : (items ?? []).filter(({ id }) => id !== ownId);
  const isChosen = (id: string) => chosen.some((person) => person.id === id);

  function toggle(person: User) {
    onChange(isChosen(person.id) ? chosen.filter(({ id }) => id !== person.id) : [...chosen, person]);
  }

  return (
    <div className="people-picker">
      {chosen.length > 0 && (
        <ul className="chips">
          {chosen.map((person) => (
            <li key={person.id}>
              <button
                type="button"
                className="chip"
                aria-label={text.room.remove(person.display_name)}
                onClick={() => toggle(person)}
              >
                <span dir="auto">{person.display_name}</span>
                <X size={14} aria-hidden />
              </button>
            </li>
          ))}
        </ul>
      )}
      <SearchBox label={text.room.findPeople} placeholder={text.room.findPeople} value={query} onChange={setQuery} />
      <div className="people-found" aria-live="polite">
        {error !== null && <p className="pane-note">{describeError(error, text)}</p>}
        {q !== "" && items !== null && found.length === 0 && <p className="pane-note">{text.room.nobodyFound}</p>}
        <ul>
          {found.map((person) => (
            <li key={person.id}>
              <button
                type="button"
                className="person-row"
                aria-pressed={isChosen(person.id)}
                disabled={person.id in members}
                onClick={() => toggle(person)}
              >
                <Avatar id={person.id} name={person.display_name} url={person.avatar_url} />
                <span className="person-text">
                  <span dir="auto">{person.display_name}</span>
                  <span className="muted">
                    {person.id in members ? text.room.alreadyMember : `@${person.username}`}
                  </span>
                </span>
                {isChosen(person.id) && <Check size={18} aria-hidden />}
              </button>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
