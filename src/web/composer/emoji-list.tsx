import { useText } from "../i18n/use-text.ts";
import type { Emojis } from "./use-emojis.ts";

/** Which emoji one may mean, above the composer. The field keeps the focus; the list is led by its keys. */
export function EmojiList({ emojis }: { emojis: Emojis }) {
  const text = useText();
  const { candidates, active, listId, optionId } = emojis;
  return (
    <>
      <p className="visually-hidden" role="status">
        {candidates.length > 0 ? text.emoji.found(candidates.length) : ""}
      </p>
      {candidates.length > 0 && (
        <ul id={listId} className="mention-list" role="listbox" aria-label={text.emoji.label}>
          {candidates.map(({ emoji, label, codes: [code] }, index) => (
            <li
              key={emoji}
              id={optionId(index)}
              className="mention-option"
              role="option"
              aria-selected={index === active}
              // The field keeps the focus, so that a phone's keyboard stays.
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => emojis.pick(emoji)}
            >
              <span className="emoji-option-picture" aria-hidden="true">
                {emoji}
              </span>
              <span className="mention-option-name">{label}</span>
              {code !== undefined && <span className="mention-option-username">:{code}:</span>}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
