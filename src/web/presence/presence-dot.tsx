import type { Seen } from "../../protocol/models.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { useNow } from "../app/use-now.ts";
import { Avatar, type AvatarProps } from "../ui/avatar.tsx";
import { usePresence } from "./presence.ts";

type Status = Seen["status"];

/** Its shape says as much as its colour: a disc, a crescent, a bar in a disc, a ring. */
export function PresenceDot({ status }: { status: Status }) {
  return (
    <svg className="presence-dot" data-status={status} viewBox="0 0 12 12" aria-hidden="true">
      <circle className="presence-edge" cx="6" cy="6" r="6" />
      {status === "online" && <circle cx="6" cy="6" r="4" fill="currentColor" />}
      {status === "away" && <path d="M6.6 1.8a4.2 4.2 0 1 0 3.6 5.6A3.4 3.4 0 0 1 6.6 1.8Z" fill="currentColor" />}
      {status === "busy" && (
        <path d="M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM3.8 5.3h4.4v1.4H3.8Z" fill="currentColor" fillRule="evenodd" />
      )}
      {(status === "invisible" || status === "offline") && (
        <circle cx="6" cy="6" r="3.2" fill="none" stroke="currentColor" strokeWidth="1.6" />
      )}
    </svg>
  );
}

/** Somebody's picture with how they are; nothing while that is unknown or nothing to tell. */
export function PersonAvatar({ status, ...avatar }: AvatarProps & { status: Status | undefined }) {
  const text = useText();
  return (
    <span className="avatar-holder">
      <Avatar {...avatar} />
      {status !== undefined && status !== "offline" && (
        <>
          <PresenceDot status={status} />
          <span className="visually-hidden">{text.presence[status]}</span>
        </>
      )}
    </span>
  );
}

/** {@link PersonAvatar} of somebody whose presence is in the state. */
export function WatchedAvatar(avatar: AvatarProps & { id: string }) {
  return <PersonAvatar {...avatar} status={usePresence(avatar.id)?.status} />;
}

/** How somebody is, in words: with when they were seen last, where one may know that. */
export function PresenceText({ userId }: { userId: string }) {
  const text = useText();
  const format = useFormat();
  const now = useNow();
  const seen = usePresence(userId);
  if (!seen) return null;
  if (seen.status !== "offline" || seen.last_seen_at === null) return <>{text.presence[seen.status]}</>;
  return (
    <time dateTime={seen.last_seen_at}>{text.presence.lastSeen(format.ago(new Date(seen.last_seen_at), now))}</time>
  );
}
