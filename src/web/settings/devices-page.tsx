import { MonitorSmartphone } from "lucide-react";
import { useState } from "react";
import type { Session } from "../../protocol/models.ts";
import { describeError } from "../app/describe-error.ts";
import { notify } from "../app/notices.ts";
import { parley } from "../app/parley.ts";
import { signOut } from "../app/session.ts";
import { useAction } from "../app/use-action.ts";
import { useNow } from "../app/use-now.ts";
import { usePages } from "../app/use-pages.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { paths } from "../routing/place.ts";
import { navigate } from "../routing/router.ts";
import { Button } from "../ui/button.tsx";
import { Loading } from "../ui/empty.tsx";
import { Confirm } from "../ui/modal.tsx";

export function DevicesPage() {
  const text = useText();
  const [ended, setEnded] = useState<ReadonlySet<string>>(new Set());
  const [leaving, setLeaving] = useState(false);
  const { items, error } = usePages<Session>("sessions", async (page) => {
    const data = await parley.http.auth.sessions();
    return { data, meta: { page, per_page: data.length, total: data.length, has_more: false } };
  });
  const sessions = items
    ?.filter(({ id }) => !ended.has(id))
    .sort((a, b) => Number(b.current) - Number(a.current) || (a.last_used_at < b.last_used_at ? 1 : -1));

  return (
    <div className="sections">
      <p className="muted">{text.settings.devicesHint}</p>
      {error !== null && <p className="form-error">{describeError(error, text)}</p>}
      {sessions === undefined && error === null && <Loading label={text.loading} />}
      <ul className="devices">
        {sessions?.map((session) => (
          <Device key={session.id} session={session} onEnded={() => setEnded(new Set([...ended, session.id]))} />
        ))}
      </ul>
      <div>
        <Button look="danger" onClick={() => setLeaving(true)}>
          {text.settings.endAll}
        </Button>
      </div>
      {leaving && <EndAll onClose={() => setLeaving(false)} />}
    </div>
  );
}

function Device({ session, onEnded }: { session: Session; onEnded(): void }) {
  const text = useText();
  const format = useFormat();
  const now = useNow();
  const { run, busy } = useAction();

  async function end() {
    try {
      await parley.http.auth.endSession(session.id);
      onEnded();
    } catch (error) {
      notify(describeError(error, text), "failed");
    }
  }

  return (
    <li className="device">
      <MonitorSmartphone size={22} aria-hidden />
      <div className="person-text">
        <span dir="auto">{session.device_name || text.appName}</span>
        <span className="muted">
          {session.ip} ·{" "}
          {session.current
            ? text.settings.thisDevice
            : text.settings.lastUsed(format.ago(new Date(session.last_used_at), now))}
        </span>
      </div>
      {!session.current && (
        <Button busy={busy} aria-label={text.settings.endSessionOf(session.device_name)} onClick={() => void run(end)}>
          {text.settings.endSession}
        </Button>
      )}
    </li>
  );
}

function EndAll({ onClose }: { onClose(): void }) {
  const text = useText();
  const { run, busy, error } = useAction();
  async function leave() {
    if (await run(() => signOut({ everywhere: true }))) navigate(paths.chats, { replace: true });
  }
  return (
    <Confirm
      title={text.settings.endAllQuestion}
      confirm={text.settings.endAll}
      danger
      busy={busy}
      error={error}
      onConfirm={() => void leave()}
      onClose={onClose}
    />
  );
}
