import { type FormEvent, useState } from "react";
import { limits } from "../../protocol/limits.ts";
import type { Me } from "../../protocol/models.ts";
import type { ChosenStatus } from "../../sdk/parley.ts";
import { parley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { Button } from "../ui/button.tsx";
import { Choice, FormError, TextField } from "../ui/field.tsx";
import { Modal } from "../ui/modal.tsx";
import { PresenceDot } from "./presence-dot.tsx";

const choices: readonly ChosenStatus[] = ["online", "away", "busy", "invisible"];

/** What one is seen as: chosen at once; the line beside it when it is saved. */
export function StatusDialog({ me, onClose }: { me: Me; onClose(): void }) {
  const text = useText();
  const choosing = useAction();
  const saving = useAction();
  const [line, setLine] = useState(me.status_text);
  /** What was chosen here: shown before the answer has come. */
  const [wanted, setWanted] = useState<ChosenStatus | null>(null);
  const chosen = wanted ?? choices.find((status) => status === me.status) ?? "online";

  async function choose(status: ChosenStatus) {
    setWanted(status);
    if (!(await choosing.run(() => parley.presence.choose(status)))) setWanted(null);
  }

  async function save(event: FormEvent) {
    event.preventDefault();
    if (await saving.run(() => parley.http.users.update({ status_text: line.trim() }))) onClose();
  }

  return (
    <Modal title={text.presence.yours} onClose={onClose}>
      <Choice
        label={text.presence.seenAs}
        name="status"
        value={chosen}
        options={choices.map((value) => ({
          value,
          label: text.presence[value],
          icon: <PresenceDot status={value} />,
          ...(value !== "online" && { hint: text.presence.hints[value] }),
        }))}
        onChange={(status) => void choose(status)}
      />
      <FormError>{choosing.error}</FormError>
      <form className="form" onSubmit={(event) => void save(event)}>
        <TextField
          label={text.settings.statusText}
          value={line}
          maxLength={limits.statusTextChars}
          onChange={({ target }) => setLine(target.value)}
        />
        <FormError>{saving.error}</FormError>
        <div className="status-actions">
          <Link className="button button-quiet" to={paths.settings("profile")}>
            {text.settings.profile}
          </Link>
          <Button look="primary" type="submit" busy={saving.busy}>
            {text.save}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
