import { Users } from "lucide-react";
import { useEffect, useRef } from "react";
import { everybody } from "../../sdk/mentions.ts";
import { useText } from "../i18n/use-text.ts";
import { Avatar } from "../ui/avatar.tsx";
import type { Candidate, Mentions } from "./use-mentions.ts";

/** Whom one may mean, above the composer. The field keeps the focus; the list is led by its keys. */
export function MentionList({ mentions }: { mentions: Mentions }) {
  const text = useText();
  const { candidates, active, listId, optionId } = mentions;
  const list = useRef<HTMLUListElement>(null);

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }, [active, candidates]);

  return (
    <>
      <p className="visually-hidden" role="status">
        {candidates.length > 0 ? text.mentions.found(candidates.length) : ""}
      </p>
      {candidates.length > 0 && (
        <ul ref={list} id={listId} className="mention-list" role="listbox" aria-label={text.mentions.label}>
          {candidates.map((candidate, index) => (
            <li
              key={candidate.username}
              id={optionId(index)}
              className="mention-option"
              role="option"
              aria-selected={index === active}
              // The field keeps the focus, so that a phone's keyboard stays.
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => mentions.pick(candidate)}
            >
              <Face candidate={candidate} />
              <span className="mention-option-name" dir="auto">
                {candidate.username === everybody ? text.mentions.everybody : candidate.name}
              </span>
              <span className="mention-option-username">@{candidate.username}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Face({ candidate }: { candidate: Candidate }) {
  if (candidate.id === null) {
    return (
      <span className="mention-everybody">
        <Users size={16} aria-hidden />
      </span>
    );
  }
  return <Avatar id={candidate.id} name={candidate.name} url={candidate.avatarUrl} />;
}
