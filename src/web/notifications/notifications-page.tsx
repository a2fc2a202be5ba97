import { ArrowLeft, BellOff, CheckCheck } from "lucide-react";
import { type KeyboardEvent, useEffect, useRef } from "react";
import { notify } from "../app/notices.ts";
import { parley, useParley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useWidth } from "../app/use-media.ts";
import { useText } from "../i18n/use-text.ts";
import { paths } from "../routing/place.ts";
import { goBack } from "../routing/router.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { Empty, Loading } from "../ui/empty.tsx";
import { grouped } from "./group.ts";
import { NotificationRow } from "./notification-row.tsx";

/** What concerned oneself, the newest first. */
export function NotificationsPage() {
  const text = useText();
  const width = useWidth();
  const { items, unread, loaded, isStale, hasMore, loading, error } = useParley((state) => state.notifications);
  const isReady = useParley((state) => state.connection.status === "ready");
  const { run, busy, error: refused } = useAction();
  const list = useRef<HTMLUListElement>(null);
  const groups = grouped(items);

  useEffect(() => {
    if (isReady) void parley.notifications.open();
  }, [isReady, isStale]);

  useEffect(() => {
    if (refused !== null) notify(refused, "failed");
  }, [refused]);

  function moveByKey(event: KeyboardEvent) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const rows = [...(list.current?.querySelectorAll<HTMLElement>("[data-notification]") ?? [])];
    const at = rows.indexOf(document.activeElement as HTMLElement);
    const next = rows[at + (event.key === "ArrowDown" ? 1 : -1)];
    if (at === -1 || !next) return;
    event.preventDefault();
    next.focus();
  }

  return (
    <>
      <header className="pane-header">
        {width === "middle" && (
          <IconButton label={text.back} onClick={() => goBack(paths.chats)}>
            <ArrowLeft size={20} aria-hidden className="flips" />
          </IconButton>
        )}
        <h1 className="pane-title">{text.notifications.title}</h1>
        {unread > 0 && (
          <Button
            look="quiet"
            busy={busy}
            icon={<CheckCheck size={18} aria-hidden />}
            onClick={() => void run(() => parley.notifications.markAllRead())}
          >
            {text.notifications.markAllRead}
          </Button>
        )}
      </header>
      <div className="pane-scroll">
        <div className="page notifications-page">
          <p className="visually-hidden" role="status">
            {loaded ? text.notifications.unread(unread) : ""}
          </p>
          {items.length > 0 ? (
            <>
              <ul
                className="notifications"
                ref={list}
                aria-label={text.notifications.title}
                aria-busy={loading}
                onKeyDown={moveByKey}
              >
                {groups.map((group) => (
                  <NotificationRow
                    key={group.newest.id}
                    group={group}
                    onOpen={() => {
                      const ids = group.all.filter(({ read_at }) => read_at === null).map(({ id }) => id);
                      if (ids.length > 0) void run(() => parley.notifications.markRead(ids.slice(0, 100)));
                    }}
                  />
                ))}
              </ul>
              {hasMore && (
                <div className="list-more">
                  <Button busy={loading} onClick={() => void parley.notifications.loadMore()}>
                    {text.more}
                  </Button>
                </div>
              )}
            </>
          ) : loaded ? (
            <Empty
              icon={<BellOff size={36} aria-hidden />}
              title={text.notifications.empty}
              hint={text.notifications.emptyHint}
            />
          ) : error !== null ? (
            <Empty icon={<BellOff size={36} aria-hidden />} title={text.offlineError}>
              <Button onClick={() => void parley.notifications.open()}>{text.tryAgain}</Button>
            </Empty>
          ) : (
            <Loading label={text.loading} />
          )}
        </div>
      </div>
    </>
  );
}
