import { useEffect, useState } from "react";
import type { Receipts, UserRef } from "../../protocol/models.ts";
import { describeError } from "../app/describe-error.ts";
import { parley, useParley } from "../app/parley.ts";
import { useNow } from "../app/use-now.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Loading } from "../ui/empty.tsx";
import { Modal } from "../ui/modal.tsx";

type Answer = { receipts: Receipts } | { error: unknown } | null;

/** Who has read a message, and to whom it has only come. */
export function ReceiptsDialog({ messageId, onClose }: { messageId: string; onClose(): void }) {
  const text = useText();
  const [answer, setAnswer] = useState<Answer>(null);
  const sees = useParley((state) => state.me?.privacy.read_receipts !== false);

  useEffect(() => {
    let isWanted = true;
    parley.http.messages.receipts(messageId).then(
      (receipts) => isWanted && setAnswer({ receipts }),
      (error: unknown) => isWanted && setAnswer({ error }),
    );
    return () => {
      isWanted = false;
    };
  }, [messageId]);

  return (
    <Modal title={text.receipts.title} onClose={onClose}>
      {answer === null && <Loading label={text.loading} />}
      {answer !== null && "error" in answer && <p role="alert">{describeError(answer.error, text)}</p>}
      {answer !== null && "receipts" in answer && <Lists receipts={answer.receipts} />}
      {!sees && <p className="muted">{text.receipts.ownHidden}</p>}
    </Modal>
  );
}

function Lists({ receipts: { read, delivered } }: { receipts: Receipts }) {
  const text = useText();
  const readers = new Set(read.map(({ user }) => user.id));
  const others = delivered.filter(({ user }) => !readers.has(user.id));
  return (
    <div className="receipts">
      <People
        title={text.receipts.readBy(read.length)}
        people={read.map(({ user, read_at }) => ({ user, at: read_at }))}
      />
      {(others.length > 0 || read.length === 0) && (
        <People
          title={text.receipts.deliveredTo(others.length)}
          people={others.map(({ user, delivered_at }) => ({ user, at: delivered_at }))}
        />
      )}
    </div>
  );
}

function People({ title, people }: { title: string; people: readonly { user: UserRef; at: string }[] }) {
  const format = useFormat();
  const now = useNow();
  return (
    <section>
      <h3>{title}</h3>
      <ul>
        {people.map(({ user, at }) => (
          <li key={user.id} className="person-row">
            <Avatar id={user.id} name={user.display_name} url={user.avatar_url} />
            <span className="person-text">
              <bdi>{user.display_name}</bdi>
              <time className="muted" dateTime={at} title={format.exact(new Date(at))}>
                {format.brief(new Date(at), now)}
              </time>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
