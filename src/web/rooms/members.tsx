import { useEffect, useState } from "react";
import type { Member, RoomRole } from "../../protocol/models.ts";
import type { RoomState, State } from "../../sdk/state.ts";
import { describeError } from "../app/describe-error.ts";
import { parley, useParley } from "../app/parley.ts";
import { usePages } from "../app/use-pages.ts";
import { useText } from "../i18n/use-text.ts";
import { useWatched } from "../presence/presence.ts";
import { WatchedAvatar } from "../presence/presence-dot.tsx";
import { Button } from "../ui/button.tsx";
import { Loading } from "../ui/empty.tsx";
import { MemberDialog } from "./member-dialog.tsx";
import type { Rights } from "./rights.ts";
import { SearchBox } from "./search-box.tsx";

interface MembersProps {
  room: RoomState;
  rights: Rights;
  isGuest: boolean;
}

const rank: Record<RoomRole, number> = { owner: 0, admin: 1, member: 2 };
/** Below this many one sees everybody at a glance. */
const searchFrom = 8;

function byRoleAndName(a: Member, b: Member): number {
  return (
    rank[a.role] - rank[b.role] || a.display_name.localeCompare(b.display_name) || (a.user_id < b.user_id ? -1 : 1)
  );
}

/** The people of a room: kept live by the client where it holds the room, else asked for page by page. */
export function Members({ room, rights, isGuest }: MembersProps) {
  const text = useText();
  const [query, setQuery] = useState("");
  const [chosenId, setChosenId] = useState<string | null>(null);
  const list = useParley((state) => state.members[room.id]);
  const isLive = room.my_role !== null || isGuest;
  const search = query.trim();
  const isServed = !isLive || (search !== "" && list?.complete === false);
  const [failure, setFailure] = useState<unknown>(null);

  useEffect(() => {
    if (isLive) parley.members.open(room.id).then(() => setFailure(null), setFailure);
  }, [room.id, isLive]);

  const served = usePages<Member>(`${isServed} ${room.id} ${search}`, async (page) =>
    isServed
      ? await parley.http.rooms.members(room.id, { page, ...(search && { search }) })
      : { data: [], meta: { page, per_page: 1, total: 0, has_more: false } },
  );

  const held = list ? Object.values(list.byId) : null;
  const wanted = (member: Member) =>
    `${member.display_name} ${member.username}`.toLowerCase().includes(search.toLowerCase());
  const members = isServed ? served.items : (held?.filter(wanted) ?? null);
  const sorted = members && [...members].sort(byRoleAndName);
  useWatched(isGuest ? [] : (members ?? []).map(({ user_id }) => user_id));
  const online = useParley(({ presence }) => countOnline(held, presence));
  const chosen = members?.find(({ user_id }) => user_id === chosenId);
  const hasMore = isServed ? served.hasMore : search === "" && list?.complete === false;
  const error = isServed ? served.error : failure;

  return (
    <section className="members" aria-label={text.room.members}>
      <h2 className="pane-subtitle">
        {text.room.members}
        {list?.complete === true && !isGuest && <span className="muted"> · {text.presence.onlineCount(online)}</span>}
      </h2>
      {room.member_count >= searchFrom && (
        <SearchBox label={text.room.findMember} placeholder={text.room.findMember} value={query} onChange={setQuery} />
      )}
      {error !== null && <p className="pane-note">{describeError(error, text)}</p>}
      {sorted === null ? (
        error === null && <Loading label={text.loading} />
      ) : (
        <ul>
          {sorted.map((member) => (
            <li key={member.user_id}>
              <MemberRow member={member} onChoose={() => setChosenId(member.user_id)} />
            </li>
          ))}
        </ul>
      )}
      {sorted !== null && sorted.length === 0 && <p className="pane-note">{text.room.nobodyFound}</p>}
      {hasMore && (
        <div className="list-more">
          <Button
            busy={list?.loading ?? false}
            onClick={() => (isServed ? served.loadMore() : void parley.members.loadMore(room.id).catch(setFailure))}
          >
            {text.more}
          </Button>
        </div>
      )}
      {chosen && <MemberDialog room={room} member={chosen} rights={rights} onClose={() => setChosenId(null)} />}
    </section>
  );
}

function countOnline(members: readonly Member[] | null, presence: State["presence"]): number {
  const isThere = ({ user_id }: Member) => !away.has(presence[user_id]?.status ?? "offline");
  return members?.filter(isThere).length ?? 0;
}

const away: ReadonlySet<string> = new Set(["offline", "invisible"]);

function MemberRow({ member, onChoose }: { member: Member; onChoose(): void }) {
  const text = useText();
  const ownId = useParley((state) => state.me?.id);
  return (
    <button type="button" className="person-row" onClick={onChoose}>
      <WatchedAvatar id={member.user_id} name={member.display_name} url={member.avatar_url} />
      <span className="person-text">
        <span className="person-name">
          <bdi>{member.display_name}</bdi>
          {member.user_id === ownId && <span className="muted"> ({text.you})</span>}
        </span>
        <span className="muted">@{member.username}</span>
      </span>
      {member.role !== "member" && (
        <span className="role-mark" data-role={member.role}>
          {text.roles[member.role]}
        </span>
      )}
    </button>
  );
}
