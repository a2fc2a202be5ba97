import { ArrowLeft, EyeOff, KeyRound, LogOut, MonitorSmartphone, Palette, UserRound, UserX } from "lucide-react";
import { type ComponentType, useState } from "react";
import { useParley } from "../app/parley.ts";
import { signOut } from "../app/session.ts";
import { useAction } from "../app/use-action.ts";
import { useWidth } from "../app/use-media.ts";
import { useText } from "../i18n/use-text.ts";
import { Link } from "../routing/link.tsx";
import { paths, type SettingsPage, settingsPages } from "../routing/place.ts";
import { goBack, navigate } from "../routing/router.ts";
import { PersonAvatar } from "../presence/presence-dot.tsx";
import { StatusDialog } from "../presence/status-dialog.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { Confirm } from "../ui/modal.tsx";
import { AccountPage } from "./account-page.tsx";
import { AppearancePage } from "./appearance-page.tsx";
import { BlockedPage } from "./blocked-page.tsx";
import { DevicesPage } from "./devices-page.tsx";
import { PrivacyPage } from "./privacy-page.tsx";
import { ProfilePage } from "./profile-page.tsx";

const icons = {
  profile: UserRound,
  appearance: Palette,
  account: KeyRound,
  privacy: EyeOff,
  devices: MonitorSmartphone,
  blocked: UserX,
} as const;
const pages: Record<SettingsPage, ComponentType> = {
  profile: ProfilePage,
  appearance: AppearancePage,
  account: AccountPage,
  privacy: PrivacyPage,
  devices: DevicesPage,
  blocked: BlockedPage,
};

/** The list of settings pages, in place of the list of rooms. */
export function SettingsNav({ page }: { page: SettingsPage | null }) {
  const text = useText();
  const width = useWidth();
  const me = useParley((state) => state.me);
  const [isChoosing, setChoosing] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const current = page ?? (width === "wide" ? "profile" : null);
  return (
    <>
      <header className="pane-header">
        <h1 className="pane-title">{text.settings.title}</h1>
      </header>
      <div className="pane-scroll">
        {me && (
          <div className="settings-me">
            <PersonAvatar id={me.id} name={me.display_name} url={me.avatar_url} size="large" status={me.status} />
            <div className="person-text">
              <bdi className="settings-me-name">{me.display_name}</bdi>
              <span className="muted">@{me.username}</span>
            </div>
            <Button look="quiet" className="settings-status" onClick={() => setChoosing(true)}>
              {text.presence[me.status]}
            </Button>
          </div>
        )}
        <ul className="settings-nav">
          {settingsPages.map((name) => {
            const Icon = icons[name];
            return (
              <li key={name}>
                <Link
                  className="settings-link"
                  to={paths.settings(name)}
                  aria-current={name === current ? "page" : undefined}
                >
                  <Icon size={20} aria-hidden />
                  <span>{text.settings[name]}</span>
                </Link>
              </li>
            );
          })}
          <li>
            <button type="button" className="settings-link" data-danger onClick={() => setLeaving(true)}>
              <LogOut size={20} aria-hidden />
              <span>{text.settings.signOut}</span>
            </button>
          </li>
        </ul>
      </div>
      {isChoosing && me && <StatusDialog me={me} onClose={() => setChoosing(false)} />}
      {leaving && <SignOut onClose={() => setLeaving(false)} />}
    </>
  );
}

function SignOut({ onClose }: { onClose(): void }) {
  const text = useText();
  const { run, busy, error } = useAction();
  const unsent = useParley((state) => Object.values(state.pending).reduce((sum, { length }) => sum + length, 0));
  async function leave() {
    if (await run(() => signOut())) navigate(paths.chats, { replace: true });
  }
  return (
    <Confirm
      title={text.settings.signOutQuestion}
      hint={unsent > 0 ? text.settings.signOutPending(unsent) : undefined}
      confirm={text.settings.signOut}
      busy={busy}
      error={error}
      onConfirm={() => void leave()}
      onClose={onClose}
    />
  );
}

export function SettingsContent({ page }: { page: SettingsPage }) {
  const text = useText();
  const width = useWidth();
  const Page = pages[page];
  return (
    <>
      <header className="pane-header">
        {width !== "wide" && (
          <IconButton label={text.back} onClick={() => goBack(paths.settings())}>
            <ArrowLeft size={20} aria-hidden className="flips" />
          </IconButton>
        )}
        <h1 className="pane-title">{text.settings[page]}</h1>
      </header>
      <div className="pane-scroll">
        <div className="page">
          <Page key={page} />
        </div>
      </div>
    </>
  );
}
