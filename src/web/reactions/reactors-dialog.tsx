import { useEffect, useState } from "react";
import { describeError } from "../app/describe-error.ts";
import { parley } from "../app/parley.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Loading } from "../ui/empty.tsx";
import { Modal } from "../ui/modal.tsx";

type Reactors = Awaited<ReturnType<typeof parley.http.messages.reactors>>;

/** Everybody who reacted to a message, by what they reacted with. */
export function ReactorsDialog({ messageId, onClose }: { messageId: string; onClose(): void }) {
  const text = useText();
  const format = useFormat();
  const [found, setFound] = useState<Reactors | null>(null);
  const [failure, setFailure] = useState<{ error: unknown } | null>(null);

  useEffect(() => {
    let isShown = true;
    parley.http.messages.reactors(messageId).then(
      (reactors) => isShown && setFound(reactors),
      (error: unknown) => isShown && setFailure({ error }),
    );
    return () => {
      isShown = false;
    };
  }, [messageId]);

  return (
    <Modal title={text.reactions.who} onClose={onClose}>
      {failure && <p className="muted">{describeError(failure.error, text)}</p>}
      {found === null && failure === null && <Loading label={text.loading} />}
      {found?.length === 0 && <p className="muted">{text.reactions.nobody}</p>}
      {found?.map(({ emoji, users }) => (
        <section key={emoji} className="reactors" aria-label={text.reactions.chip(emoji, users.length)}>
          <h3 aria-hidden="true">
            <span>{emoji}</span> <span className="muted">{format.number(users.length)}</span>
          </h3>
          <ul>
            {users.map(({ id, display_name, username, avatar_url }) => (
              <li key={id} className="reactor">
                <Avatar id={id} name={display_name} url={avatar_url} size="small" />
                <bdi>{display_name}</bdi>
                <span className="muted">@{username}</span>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </Modal>
  );
}
