import { Check, UserMinus, UserPlus, UserX, X } from "lucide-react";
import { useRef, useState } from "react";
import { limits } from "../../protocol/limits.ts";
import type { UserRef } from "../../protocol/models.ts";
import { parley, useParley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { Button } from "../ui/button.tsx";
import { FormError, TextField } from "../ui/field.tsx";
import { Form } from "../ui/form.tsx";
import { useRelation } from "./use-relation.ts";

/** What one may do about being friends with somebody, and about seeing nothing of them. Of oneself: nothing. */
export function RelationActions({ person }: { person: UserRef }) {
  const isSignedIn = useParley((state) => state.me !== null);
  const { isSelf } = useRelation(person.id);
  return isSelf || !isSignedIn ? null : <Actions person={person} />;
}

type Asking = "request" | "remove" | "block" | null;

function Actions({ person }: { person: UserRef }) {
  const text = useText();
  const { isBlocked } = useRelation(person.id);
  const { run, busy, error } = useAction();
  const [asking, setAsking] = useState<Asking>(null);
  const group = useRef<HTMLDivElement>(null);
  const { friends, blocks } = parley.http;

  /** What was pressed is often gone afterwards: the focus stays here. */
  function ask(next: Asking) {
    setAsking(next);
    if (next === null) group.current?.focus();
  }
  async function act(work: () => Promise<unknown>) {
    if (await run(work)) ask(null);
  }
  const parts = { person, busy, ask, act: (work: () => Promise<unknown>) => void act(work) };

  return (
    <div className="relation" role="group" aria-label={text.people.actions} tabIndex={-1} ref={group}>
      {asking === "request" ? (
        <RequestForm {...parts} />
      ) : asking === "remove" ? (
        <Question
          {...parts}
          question={text.people.removeQuestion(person.display_name)}
          confirm={text.people.remove}
          work={() => friends.remove(person.id)}
        />
      ) : asking === "block" ? (
        <Question
          {...parts}
          question={text.people.blockQuestion(person.display_name)}
          hint={text.people.blockHint}
          confirm={text.people.block}
          work={() => blocks.add(person.id)}
        />
      ) : isBlocked ? (
        <>
          <p className="muted">{text.people.isBlocked}</p>
          <div className="relation-actions">
            <Button busy={busy} onClick={() => void act(() => blocks.remove(person.id))}>
              {text.people.unblock}
            </Button>
          </div>
        </>
      ) : (
        <Offers {...parts} />
      )}
      <FormError>{error}</FormError>
    </div>
  );
}

interface Parts {
  person: UserRef;
  busy: boolean;
  ask(next: Asking): void;
  act(work: () => Promise<unknown>): void;
}

/** What is to be done next between two who have not blocked each other. */
function Offers({ person, busy, ask, act }: Parts) {
  const text = useText();
  const { isFriend, request } = useRelation(person.id);
  return (
    <>
      {request?.direction === "incoming" && <p>{text.people.wantsToBeFriends(person.display_name)}</p>}
      {request?.direction === "incoming" && request.message !== "" && (
        <p className="request-line" dir="auto">
          {request.message}
        </p>
      )}
      {request?.direction === "outgoing" && <p className="muted">{text.people.requestSent}</p>}
      <div className="relation-actions">
        {request?.direction === "incoming" && <RequestAnswers id={request.id} busy={busy} act={act} />}
        {request?.direction === "outgoing" && (
          <Button busy={busy} onClick={() => act(() => parley.http.friends.withdraw(request.id))}>
            {text.people.withdraw}
          </Button>
        )}
        {!request && !isFriend && (
          <Button look="primary" icon={<UserPlus size={18} aria-hidden />} onClick={() => ask("request")}>
            {text.people.add}
          </Button>
        )}
        {isFriend && (
          <Button icon={<UserMinus size={18} aria-hidden />} onClick={() => ask("remove")}>
            {text.people.remove}
          </Button>
        )}
        <Button look="quiet" icon={<UserX size={18} aria-hidden />} onClick={() => ask("block")}>
          {text.people.block}
        </Button>
      </div>
    </>
  );
}

interface RequestAnswersProps extends Pick<Parts, "busy" | "act"> {
  id: string;
  /** Whose request it is, where several stand together. */
  name?: string;
}

export function RequestAnswers({ id, name, busy, act }: RequestAnswersProps) {
  const text = useText();
  const { friends } = parley.http;
  return (
    <>
      <Button
        look="primary"
        busy={busy}
        icon={<Check size={18} aria-hidden />}
        aria-label={name === undefined ? undefined : text.people.acceptOf(name)}
        onClick={() => act(() => friends.accept(id))}
      >
        {text.people.accept}
      </Button>
      <Button
        icon={<X size={18} aria-hidden />}
        aria-label={name === undefined ? undefined : text.people.rejectOf(name)}
        onClick={() => act(() => friends.reject(id))}
      >
        {text.people.reject}
      </Button>
    </>
  );
}

interface QuestionProps extends Parts {
  question: string;
  hint?: string;
  confirm: string;
  work(): Promise<unknown>;
}

/** Asks once more. */
function Question({ question, hint, confirm, work, busy, ask, act }: QuestionProps) {
  const text = useText();
  return (
    <>
      <p>{question}</p>
      {hint !== undefined && <p className="muted">{hint}</p>}
      <div className="relation-actions">
        <Button look="danger" busy={busy} autoFocus onClick={() => act(work)}>
          {confirm}
        </Button>
        <Button onClick={() => ask(null)}>{text.cancel}</Button>
      </div>
    </>
  );
}

function RequestForm({ person, busy, ask, act }: Parts) {
  const text = useText();
  const [line, setLine] = useState("");
  const message = line.trim();
  return (
    <Form onSubmit={() => act(() => parley.http.friends.request({ user_id: person.id, ...(message && { message }) }))}>
      <TextField
        label={text.people.line}
        optional
        autoFocus
        autoComplete="off"
        maxLength={limits.requestMessageChars}
        value={line}
        onChange={({ target }) => setLine(target.value)}
      />
      <div className="relation-actions">
        <Button look="primary" type="submit" busy={busy}>
          {text.people.send}
        </Button>
        <Button onClick={() => ask(null)}>{text.cancel}</Button>
      </div>
    </Form>
  );
}
