import type { Privacy } from "../../protocol/models.ts";
import { parley, useParley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { Choice, FormError } from "../ui/field.tsx";

/** What others learn of one, and who may write. Each choice holds from the moment it is made. */
export function PrivacyPage() {
  const text = useText();
  const { run, error } = useAction();
  const privacy = useParley((state) => state.me?.privacy);
  if (privacy === undefined) return null;
  const choose = (choice: Partial<Privacy>) => void run(() => parley.http.users.update({ privacy: choice }));
  const t = text.privacy;
  return (
    <div className="form">
      <Choice
        label={t.directMessages}
        name="direct_messages"
        value={privacy.direct_messages}
        onChange={(direct_messages) => choose({ direct_messages })}
        options={[
          { value: "everyone", label: t.everyone },
          { value: "friends", label: t.friends, hint: t.friendsHint },
        ]}
      />
      <Choice
        label={t.readReceipts}
        name="read_receipts"
        value={privacy.read_receipts ? "on" : "off"}
        onChange={(chosen) => choose({ read_receipts: chosen === "on" })}
        options={[
          { value: "on", label: t.receiptsShown },
          { value: "off", label: t.receiptsKept, hint: t.receiptsKeptHint },
        ]}
      />
      <Choice
        label={t.lastSeen}
        name="last_seen"
        value={privacy.last_seen ? "on" : "off"}
        onChange={(chosen) => choose({ last_seen: chosen === "on" })}
        options={[
          { value: "on", label: t.lastSeenShown },
          { value: "off", label: t.lastSeenKept },
        ]}
      />
      <FormError>{error}</FormError>
    </div>
  );
}
