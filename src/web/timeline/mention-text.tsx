import type { UserRef } from "../../protocol/models.ts";
import { everybody, MentionReader } from "../../sdk/mentions.ts";
import type { State } from "../../sdk/state.ts";
import { useParley } from "../app/parley.ts";
import { openProfile } from "../people/opened.ts";

/** What a name looks like of somebody who is not held: a user name. */
const someName = /(?<![\p{L}\p{N}_])@[\w.-]*[\w-]/gu;

/** Text in which a message names people: their names stand out, one's own the most. */
export function MentionText({ text, mentions }: { text: string; mentions: readonly string[] }) {
  const me = useParley((state) => state.me);
  const members = useParley((state) => state.members);
  const known = (id: string): UserRef | undefined => (me?.id === id ? me : memberOf(members, id));
  const reader = new MentionReader({ mentions: [...mentions] }, known);
  const areAllKnown = mentions.every((id) => id === everybody || known(id) !== undefined);
  return reader.parts(text).map(({ text: part, mention }, index) => {
    if (mention === undefined) return areAllKnown ? part : <SomeNames key={index} text={part} />;
    const person = known(mention);
    const isSelf = mention === everybody || mention === me?.id;
    if (isSelf || !person) {
      return (
        <span key={index} className="mention" data-self={isSelf || undefined}>
          {part}
        </span>
      );
    }
    // By the pointer; by keys the message's menu leads to people.
    return (
      <button key={index} type="button" className="mention" tabIndex={-1} onClick={() => openProfile(person)}>
        {part}
      </button>
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

function memberOf(members: State["members"], userId: string): UserRef | undefined {
  for (const { byId } of Object.values(members)) {
    const member = byId[userId];
    if (!member) continue;
    const { username, display_name, avatar_url } = member;
    return { id: userId, username, display_name, avatar_url };
  }
  return undefined;
}
