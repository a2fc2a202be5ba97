import { useState } from "react";
import type { Ban } from "../../protocol/models.ts";
import { describeError } from "../app/describe-error.ts";
import { parley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useNow } from "../app/use-now.ts";
import { usePages } from "../app/use-pages.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button } from "../ui/button.tsx";
import { Loading } from "../ui/empty.tsx";
import { FormError } from "../ui/field.tsx";

/** Who may not come into the room. */
export function Bans({ roomId }: { roomId: string }) {
  const text = useText();
  const [lifted, setLifted] = useState<readonly string[]>([]);
  const { items, hasMore, error, loadMore } = usePages<Ban>(roomId, (page) => parley.http.bans.list(roomId, { page }));
  const bans = items?.filter(({ user }) => !lifted.includes(user.id)) ?? null;
  return (
    <section className="panel-section" aria-label={text.moderation.bans}>
      <h2 className="pane-subtitle">{text.moderation.bans}</h2>
      {error !== null && <p className="pane-note">{describeError(error, text)}</p>}
      {bans === null && error === null && <Loading label={text.loading} />}
      {bans?.length === 0 && <p className="muted">{text.moderation.noBans}</p>}
      <ul className="plain-list">
        {bans?.map((ban) => (
          <BanRow key={ban.user.id} roomId={roomId} ban={ban} onLifted={() => setLifted([...lifted, ban.user.id])} />
        ))}
      </ul>
      {hasMore && <Button onClick={loadMore}>{text.more}</Button>}
    </section>
  );
}

function BanRow({ roomId, ban, onLifted }: { roomId: string; ban: Ban; onLifted(): void }) {
  const text = useText();
  const format = useFormat();
  const now = useNow();
  const { run, busy, error } = useAction();
  const { user, by, reason, until } = ban;

  async function lift() {
    if (await run(() => parley.http.bans.delete(roomId, user.id))) onLifted();
  }

  return (
    <li className="panel-row">
      <Avatar id={user.id} name={user.display_name} url={user.avatar_url} />
      <div className="person-text">
        <bdi className="person-name">{user.display_name}</bdi>
        <span className="muted">
          {until === null
            ? text.moderation.bannedBy(by.display_name)
            : text.moderation.bannedByUntil(by.display_name, format.until(new Date(until), now))}
        </span>
        {reason !== "" && <span dir="auto">{reason}</span>}
        <FormError>{error}</FormError>
      </div>
      <Button busy={busy} aria-label={text.moderation.unbanName(user.display_name)} onClick={() => void lift()}>
        {text.moderation.unban}
      </Button>
    </li>
  );
}
