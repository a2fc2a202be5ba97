import { ArrowLeft, Users } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { User, UserRef } from "../../protocol/models.ts";
import type { PendingRequest } from "../../sdk/state.ts";
import { describeError } from "../app/describe-error.ts";
import { parley, useParley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useWidth } from "../app/use-media.ts";
import { usePages } from "../app/use-pages.ts";
import { useText } from "../i18n/use-text.ts";
import { SearchBox } from "../rooms/search-box.tsx";
import { paths } from "../routing/place.ts";
import { goBack } from "../routing/router.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { Empty, Loading } from "../ui/empty.tsx";
import { FormError } from "../ui/field.tsx";
import { PresenceText } from "../presence/presence-dot.tsx";
import { PersonRow } from "./person-row.tsx";
import { RequestAnswers } from "./relation-actions.tsx";

/** Friends, requests, and everybody else by name. */
export function PeoplePage() {
  const text = useText();
  const width = useWidth();
  const [query, setQuery] = useState("");
  const q = query.trim();
  return (
    <>
      <header className="pane-header">
        {width === "middle" && (
          <IconButton label={text.back} onClick={() => goBack(paths.chats)}>
            <ArrowLeft size={20} aria-hidden className="flips" />
          </IconButton>
        )}
        <h1 className="pane-title">{text.people.title}</h1>
      </header>
      <div className="pane-scroll">
        <div className="page people-page">
          <SearchBox label={text.people.find} placeholder={text.people.find} value={query} onChange={setQuery} />
          {q === "" ? <Related /> : <Found q={q} />}
        </div>
      </div>
    </>
  );
}

function Found({ q }: { q: string }) {
  const text = useText();
  const ownId = useParley((state) => state.me?.id);
  const { items, error, hasMore, loadMore } = usePages<User>(q, (page) => parley.http.users.search({ q, page }));
  const found = items?.filter(({ id }) => id !== ownId);
  return (
    <section aria-label={text.people.found} aria-live="polite">
      {error !== null && <p className="pane-note">{describeError(error, text)}</p>}
      {found === undefined && error === null && <Loading label={text.loading} />}
      {found?.length === 0 && <p className="pane-note">{text.people.nobodyFound(q)}</p>}
      <ul>
        {found?.map((person) => (
          <PersonRow key={person.id} person={person} />
        ))}
      </ul>
      {hasMore && (
        <div className="list-more">
          <Button onClick={loadMore}>{text.more}</Button>
        </div>
      )}
    </section>
  );
}

function Related() {
  const text = useText();
  const requests = Object.values(useParley((state) => state.friendRequests));
  const friends = Object.values(useParley((state) => state.friends));
  const newest = (a: PendingRequest, b: PendingRequest) => (a.created_at < b.created_at ? 1 : -1);
  const incoming = requests.filter(({ direction }) => direction === "incoming").sort(newest);
  const outgoing = requests.filter(({ direction }) => direction === "outgoing").sort(newest);
  const byName = (a: UserRef, b: UserRef) => a.display_name.localeCompare(b.display_name) || (a.id < b.id ? -1 : 1);
  if (requests.length + friends.length === 0) {
    return <Empty icon={<Users size={36} aria-hidden />} title={text.people.nobody} hint={text.people.nobodyHint} />;
  }
  return (
    <>
      <PeopleList title={text.people.incoming} count={incoming.length}>
        {incoming.map((request) => (
          <IncomingRow key={request.id} request={request} />
        ))}
      </PeopleList>
      <PeopleList title={text.people.outgoing} count={outgoing.length}>
        {outgoing.map((request) => (
          <OutgoingRow key={request.id} request={request} />
        ))}
      </PeopleList>
      <PeopleList title={text.people.friends} count={friends.length}>
        {friends.toSorted(byName).map((friend) => (
          <PersonRow key={friend.id} person={friend} note={<PresenceText userId={friend.id} />} />
        ))}
      </PeopleList>
    </>
  );
}

function PeopleList({ title, count, children }: { title: string; count: number; children: ReactNode }) {
  if (count === 0) return null;
  return (
    <section>
      <h2 className="pane-subtitle">
        {title} <span className="people-count">{count}</span>
      </h2>
      <ul>{children}</ul>
    </section>
  );
}

function IncomingRow({ request }: { request: PendingRequest }) {
  const { run, busy, error } = useAction();
  return (
    <>
      <PersonRow person={request.user} note={request.message || undefined}>
        <RequestAnswers id={request.id} name={request.user.display_name} busy={busy} act={(work) => void run(work)} />
      </PersonRow>
      {error !== null && (
        <li>
          <FormError>{error}</FormError>
        </li>
      )}
    </>
  );
}

function OutgoingRow({ request }: { request: PendingRequest }) {
  const text = useText();
  const { run, busy, error } = useAction();
  return (
    <>
      <PersonRow person={request.user} note={request.message || undefined}>
        <Button
          busy={busy}
          aria-label={text.people.withdrawOf(request.user.display_name)}
          onClick={() => void run(() => parley.http.friends.withdraw(request.id))}
        >
          {text.people.withdraw}
        </Button>
      </PersonRow>
      {error !== null && (
        <li>
          <FormError>{error}</FormError>
        </li>
      )}
    </>
  );
}
