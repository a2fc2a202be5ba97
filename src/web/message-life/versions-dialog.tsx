import { useEffect, useState } from "react";
import type { Message, MessageVersion } from "../../protocol/models.ts";
import { describeError } from "../app/describe-error.ts";
import { parley } from "../app/parley.ts";
import { useNow } from "../app/use-now.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { MessageText } from "../timeline/message-text.tsx";
import { Loading } from "../ui/empty.tsx";
import { Modal } from "../ui/modal.tsx";

type Answer = { versions: readonly MessageVersion[] } | { error: unknown } | null;

/** What a message said before it was edited, the present wording first. */
export function VersionsDialog({ message, onClose }: { message: Message; onClose(): void }) {
  const text = useText();
  const [answer, setAnswer] = useState<Answer>(null);

  useEffect(() => {
    let isWanted = true;
    parley.http.messages.versions(message.id).then(
      (versions) => isWanted && setAnswer({ versions }),
      (error: unknown) => isWanted && setAnswer({ error }),
    );
    return () => {
      isWanted = false;
    };
  }, [message.id, message.rev]);

  return (
    <Modal title={text.life.versions} onClose={onClose}>
      {answer === null && <Loading label={text.loading} />}
      {answer !== null && "error" in answer && <p role="alert">{describeError(answer.error, text)}</p>}
      {answer !== null && "versions" in answer && (
        <ol className="versions" reversed>
          <Version content={message.content} at={message.edited_at ?? message.created_at} isNow />
          {answer.versions.toReversed().map(({ content, written_at }, index) => (
            <Version key={index} content={content} at={written_at} />
          ))}
        </ol>
      )}
      <p className="muted">{text.life.versionsHint}</p>
    </Modal>
  );
}

function Version({ content, at, isNow = false }: { content: string; at: string; isNow?: boolean }) {
  const text = useText();
  const format = useFormat();
  const now = useNow();
  const date = new Date(at);
  return (
    <li>
      <p className="muted">
        <time dateTime={at} title={format.exact(date)}>
          {format.brief(date, now)}
        </time>
        {isNow && <> · {text.life.versionNow}</>}
      </p>
      <MessageText content={content} />
    </li>
  );
}
