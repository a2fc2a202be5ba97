import type { DeletedFor, Message } from "../../protocol/models.ts";
import { parley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { Button } from "../ui/button.tsx";
import { FormError } from "../ui/field.tsx";
import { Modal } from "../ui/modal.tsx";

interface DeleteDialogProps {
  message: Message;
  isForAll: boolean;
  isForMe: boolean;
  onClose(): void;
}

/** Asks for whom a message is to be deleted: it cannot be undone. */
export function DeleteDialog({ message, isForAll, isForMe, onClose }: DeleteDialogProps) {
  const text = useText();
  const action = useAction();
  async function remove(whom: DeletedFor) {
    if (await action.run(() => parley.http.messages.remove(message.id, { for: whom }))) onClose();
  }
  return (
    <Modal
      title={text.life.deleteQuestion}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{text.cancel}</Button>
          {isForMe && (
            <Button look={isForAll ? "plain" : "danger"} busy={action.busy} onClick={() => void remove("me")}>
              {text.life.deleteForMe}
            </Button>
          )}
          {isForAll && (
            <Button look="danger" busy={action.busy} onClick={() => void remove("all")}>
              {text.life.deleteForAll}
            </Button>
          )}
        </>
      }
    >
      <p className="muted">{isForAll ? text.life.deleteHint : text.life.deleteForMeHint}</p>
      <FormError>{action.error}</FormError>
    </Modal>
  );
}
