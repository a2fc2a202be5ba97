import { useEffect, useEffectEvent, useRef, useState } from "react";
import type { Dictionary } from "../i18n/en.ts";
import type { Typist } from "../../sdk/state.ts";
import { useParley } from "../app/parley.ts";
import { useText } from "../i18n/use-text.ts";

/** What a screen reader says of it, at most so often. */
const announceEveryMs = 15_000;

/** “Ada is typing…” for who types now; nothing for nobody. */
export function typingText(typists: readonly Typist[] | undefined, text: Dictionary): string {
  const [first, second] = typists ?? [];
  if (!first) return "";
  if (!second) return text.presence.typing(first.display_name);
  const others = (typists?.length ?? 0) - 1;
  return others === 1
    ? text.presence.typingTwo(first.display_name, second.display_name)
    : text.presence.typingMany(first.display_name, others);
}

/** Who is typing, above the field one types in oneself. Its place is always there, so that nothing moves. */
export function TypingLine({ roomId }: { roomId: string }) {
  const text = useText();
  const line = typingText(
    useParley((state) => state.typing[roomId]),
    text,
  );
  return (
    <div className="typing-line">
      {line !== "" && (
        <p aria-hidden="true" dir="auto">
          <span className="typing-dots">
            <i />
            <i />
            <i />
          </span>
          {line}
        </p>
      )}
      <Announced line={line} />
    </div>
  );
}

/** Said when it begins, and not again for a while, however often they pause. */
function Announced({ line }: { line: string }) {
  const [said, setSaid] = useState("");
  const saidAt = useRef(-Infinity);
  const change = useEffectEvent(() => {
    if (line === "") setSaid("");
    else if (performance.now() - saidAt.current >= announceEveryMs) {
      saidAt.current = performance.now();
      setSaid(line);
    }
  });
  useEffect(() => change(), [line]);
  return (
    <span className="visually-hidden" role="status">
      {said}
    </span>
  );
}
