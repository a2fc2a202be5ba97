import { useEffect } from "react";
import { notify } from "../app/notices.ts";
import { parley } from "../app/parley.ts";
import { useText } from "../i18n/use-text.ts";

/** Says in passing that a friend came online: nothing else tells of it, and it is stored nowhere. */
export function FriendOnline() {
  const text = useText();
  useEffect(
    () =>
      parley.on("notification", ({ kind, actor }) => {
        if (kind !== "friend_online" || actor === null || document.hidden) return;
        notify(text.notifications.friendOnline(actor.display_name));
      }),
    [text],
  );
  return null;
}
