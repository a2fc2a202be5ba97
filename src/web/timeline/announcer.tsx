import { useEffect, useEffectEvent, useRef, useState } from "react";
import type { TimelineMessage } from "../../protocol/models.ts";
import { parley } from "../app/parley.ts";
import { useText } from "../i18n/use-text.ts";
import { withoutMarkup } from "../markdown/markdown.ts";
import { systemText } from "./system-text.ts";

/** At most one announcement a second; what comes meanwhile is counted. */
const everyMs = 1_000;
const longestChars = 300;

/**
 * Tells screen readers of new messages in the open room. The timeline's own lines come and go as one scrolls, so the log
 * itself keeps silent.
 */
export function Announcer({ openRoomId }: { openRoomId: string | null }) {
  const text = useText();
  const [said, setSaid] = useState("");
  const waiting = useRef<string[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);

  const speak = useEffectEvent(() => {
    const lines = waiting.current;
    waiting.current = [];
    timer.current = null;
    const [line] = lines;
    if (line === undefined) return;
    setSaid(lines.length === 1 ? line : text.timeline.announceMany(lines.length));
    timer.current = setTimeout(() => speak(), everyMs);
  });

  const heard = useEffectEvent((message: TimelineMessage) => {
    if ("is_hidden" in message) return;
    if (message.room_id !== openRoomId || message.sender.id === parley.me?.id) return;
    const line = message.system
      ? systemText(message.system, text)
      : text.timeline.announce(message.sender.display_name, withoutMarkup(message.content));
    waiting.current.push(line.slice(0, longestChars));
    if (timer.current === null) speak();
  });

  useEffect(() => {
    const stops = [
      parley.on("new_message", (message) => heard(message)),
      parley.on("new_direct_message", (message) => heard(message)),
    ];
    return () => {
      for (const stop of stops) stop();
      if (timer.current !== null) clearTimeout(timer.current);
      timer.current = null;
    };
  }, []);

  return (
    <div className="visually-hidden" role="status" aria-live="polite">
      {said}
    </div>
  );
}
