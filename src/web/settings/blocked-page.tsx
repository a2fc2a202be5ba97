import { parley, useParley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { PersonRow } from "../people/person-row.tsx";
import { Button } from "../ui/button.tsx";
import { FormError } from "../ui/field.tsx";

/** Whom one has blocked. */
export function BlockedPage() {
  const text = useText();
  const { run, busy, error } = useAction();
  const blocked = Object.values(useParley((state) => state.blocks));
  return (
    <div className="sections">
      <p className="muted">{text.people.blockHint}</p>
      <FormError>{error}</FormError>
      {blocked.length === 0 && <p className="pane-note">{text.people.nobodyBlocked}</p>}
      <ul>
        {blocked
          .toSorted((a, b) => a.display_name.localeCompare(b.display_name))
          .map((person) => (
            <PersonRow key={person.id} person={person}>
              <Button
                busy={busy}
                aria-label={text.people.unblockOf(person.display_name)}
                onClick={() => void run(() => parley.http.blocks.remove(person.id))}
              >
                {text.people.unblock}
              </Button>
            </PersonRow>
          ))}
      </ul>
    </div>
  );
}
