import { Copy, Trash2 } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import type { RoomInvite } from "../../protocol/models.ts";
import { describeError } from "../app/describe-error.ts";
import { notify } from "../app/notices.ts";
import { parley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useNow } from "../app/use-now.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { Loading } from "../ui/empty.tsx";
import { Field, FormError } from "../ui/field.tsx";

const day = 86_400;
/** Seconds after which a new link opens nothing any more; 0: never. */
const lifetimes = [day / 24, day, 7 * day, 30 * day, 0];
/** How often a new link may be used; 0: always. */
const useCounts = [0, 1, 5, 25, 100];

/** Links that let people into the room: made, copied and taken back. */
export function Invites({ roomId }: { roomId: string }) {
  const text = useText();
  const { run, busy, error } = useAction();
  const [invites, setInvites] = useState<readonly RoomInvite[] | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [lifetime, setLifetime] = useState(7 * day);
  const [uses, setUses] = useState(0);

  const load = useCallback(
    () =>
      parley.http.invites.list(roomId).then(
        (found) => setInvites(found),
        (refusal: unknown) => setFailure(refusal),
      ),
    [roomId],
  );
  useEffect(() => void load(), [load]);

  async function create() {
    await run(async () => {
      const bounds = { ...(lifetime > 0 && { expires_in_s: lifetime }), ...(uses > 0 && { max_uses: uses }) };
      const made = await parley.http.invites.create(roomId, bounds);
      setInvites([made, ...(invites ?? [])]);
    });
  }
  async function revoke(code: string) {
    const done = await run(() => parley.http.invites.delete(roomId, code));
    if (done) setInvites(invites?.filter((invite) => invite.code !== code) ?? null);
    else await load();
  }

  return (
    <section className="panel-section" aria-label={text.moderation.invites}>
      <h2 className="pane-subtitle">{text.moderation.invites}</h2>
      <p className="muted">{text.moderation.invitesHint}</p>
      <div className="invite-bounds">
        <Field label={text.moderation.expires}>
          {(ids) => (
            <select
              className="input"
              value={lifetime}
              onChange={({ target }) => setLifetime(Number(target.value))}
              {...ids}
            >
              {lifetimes.map((seconds) => (
                <option key={seconds} value={seconds}>
                  {text.moderation.lifetime(seconds / 3_600)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={text.moderation.maxUses}>
          {(ids) => (
            <select className="input" value={uses} onChange={({ target }) => setUses(Number(target.value))} {...ids}>
              {useCounts.map((count) => (
                <option key={count} value={count}>
                  {count === 0 ? text.moderation.anyUses : count}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      <FormError>{error ?? (failure === null ? null : describeError(failure, text))}</FormError>
      <Button busy={busy} onClick={() => void create()}>
        {text.moderation.createInvite}
      </Button>
      {invites === null && failure === null && <Loading label={text.loading} />}
      <ul className="plain-list">
        {invites?.map((invite) => (
          <InviteRow key={invite.code} invite={invite} onRevoke={() => void revoke(invite.code)} />
        ))}
      </ul>
    </section>
  );
}

function InviteRow({ invite, onRevoke }: { invite: RoomInvite; onRevoke(): void }) {
  const text = useText();
  const format = useFormat();
  const now = useNow();
  const { url, uses, max_uses, expires_at } = invite;

  async function copy() {
    try {
      await navigator.clipboard.writeText(url);
      notify(text.moderation.copied);
    } catch {
      // Some browsers keep the clipboard from pages without a certificate: the link can still be selected.
      notify(text.moderation.copyFailed, "failed");
    }
  }

  return (
    <li className="panel-row">
      <div className="person-text">
        <span className="invite-url">{url}</span>
        <span className="muted">
          {max_uses === null ? text.moderation.used(uses) : text.moderation.usedOf(uses, max_uses)}
          {expires_at !== null && ` · ${text.moderation.expiresAt(format.until(new Date(expires_at), now))}`}
        </span>
      </div>
      <IconButton label={text.moderation.copy} onClick={() => void copy()}>
        <Copy size={18} aria-hidden />
      </IconButton>
      <IconButton label={text.moderation.revoke} onClick={onRevoke}>
        <Trash2 size={18} aria-hidden />
      </IconButton>
    </li>
  );
}
