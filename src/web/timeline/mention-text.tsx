import { everybody, MentionReader, type Named } from "../../sdk/mentions.ts";
import type { State } from "../../sdk/state.ts";
import { useParley } from "../app/parley.ts";

/** What a name looks like of somebody who is not held: a user name. */
const someName = /(?<![\p{L}\p{N}_])@[\w.-]*[\w-]/gu;

/** Text in which a message names people: their names stand out, one's own the most. */
export function MentionText({ text, mentions }: { text: string; mentions: readonly string[] }) {
  const me = useParley((state) => state.me);
  const members = useParley((state) => state.members);
  const known = (id: string): Named | undefined => (me?.id === id ? me : memberOf(members, id));
  const reader = new MentionReader({ mentions: [...mentions] }, known);
  const areAllKnown = mentions.every((id) => id === everybody || known(id) !== undefined);
  return reader.parts(text).map(({ text: part, mention }, index) => {
    if (mention === undefined) return areAllKnown ? part : <SomeNames key={index} text={part} />;
    return (
      <span key={index} className="mention" data-self={mention === everybody || mention === me?.id || undefined}>
        {part}
      </span>
    );
  });
}

/** Of those named, some are not held: what looks like their names is shown as such. */
function SomeNames({ text }: { text: string }) {
  const parts = text.split(someName);
  const names = text.match(someName) ?? [];
  return parts.flatMap((part, index) => {
    const name = names[index];
    return name === undefined
      ? [part]
      : [
          part,
          <span key={index} className="mention">
            {name}
          </span>,
        ];
  });
}

function memberOf(members: State["members"], userId: string): Named | undefined {
  for (const { byId } of Object.values(members)) {
    const member = byId[userId];
    if (member) return { id: userId, username: member.username, display_name: member.display_name };
  }
  return undefined;
}
