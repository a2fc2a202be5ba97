import { useEffect, useState } from "react";
import type { UserRef } from "../../protocol/models.ts";
import { ApiError, ConnectionError } from "../../sdk/errors.ts";
import { parley } from "../app/parley.ts";
import { useFormat, useText } from "../i18n/use-text.ts";

const namesMax = 8;

interface ReactorsTipProps {
  id: string;
  messageId: string;
  emoji: string;
  count: number;
}

/** Who reacted with one emoji, in a line. */
export function ReactorsTip({ id, messageId, emoji, count }: ReactorsTipProps) {
  const text = useText();
  const format = useFormat();
  const [users, setUsers] = useState<readonly UserRef[] | null>(null);

  useEffect(() => {
    let isShown = true;
    parley.http.messages.reactors(messageId).then(
      (found) => {
        if (isShown) setUsers(found.find((each) => each.emoji === emoji)?.users ?? []);
      },
      (error: unknown) => {
        // A hint that cannot be had is none.
        if (!(error instanceof ApiError || error instanceof ConnectionError)) throw error;
      },
    );
    return () => {
      isShown = false;
    };
  }, [messageId, emoji, count]);

  if (users === null || users.length === 0) return null;
  const names = users.slice(0, namesMax).map(({ display_name }) => `\u2068${display_name}\u2069`);
  const others = count - names.length;
  return (
    <span role="tooltip" id={id} className="reactors-tip">
      {format.list(others > 0 ? [...names, text.reactions.others(others)] : names)}
    </span>
  );
}
