import { useState } from "react";
import type { Member } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";
import { parley, useParley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { WriteButton } from "../directs/write-button.tsx";
import { useFormat, useText } from "../i18n/use-text.ts";
import { RelationActions } from "../people/relation-actions.tsx";
import { useProfile } from "../people/use-profile.ts";
import { PresenceText, WatchedAvatar } from "../presence/presence-dot.tsx";
import { Button } from "../ui/button.tsx";
import { FormError } from "../ui/field.tsx";
import { Confirm, Modal } from "../ui/modal.tsx";
import type { Rights } from "./rights.ts";

interface MemberDialogProps {
  room: RoomState;
  member: Member;
  rights: Rights;
  onClose(): void;
}

/** About one member, with what one may do about them. */
export function MemberDialog({ room, member, rights, onClose }: MemberDialogProps) {
  const text = useText();
  const format = useFormat();
  const { run, busy, error } = useAction();
  const [asking, setAsking] = useState<"owner" | "remove" | null>(null);
  const { profile } = useProfile(member.user_id);
  const ownId = useParley((state) => state.me?.id ?? null);
  const isSelf = ownId === member.user_id;
  const mayChangeRole = rights.changeRoles && !isSelf && member.role !== "owner";
  const name = member.display_name;

  async function act(work: () => Promise<unknown>) {
    if (await run(work)) onClose();
  }
  const setRole = (role: "admin" | "member") =>
    act(() => parley.http.rooms.updateMember(room.id, member.user_id, { role }));

  if (asking === "owner") {
    return (
      <Confirm
        title={text.member.makeOwnerQuestion(name)}
        hint={text.member.makeOwnerHint}
        confirm={text.member.makeOwner}
        busy={busy}
        error={error}
        onConfirm={() => void act(() => parley.http.rooms.transfer(room.id, { user_id: member.user_id }))}
        onClose={() => setAsking(null)}
      />
    );
  }
  if (asking === "remove") {
    return (
      <Confirm
        title={text.member.removeQuestion(name)}
        confirm={text.member.remove}
        danger
        busy={busy}
        error={error}
        onConfirm={() => void act(() => parley.http.rooms.removeMember(room.id, member.user_id))}
        onClose={() => setAsking(null)}
      />
    );
  }
  return (
    <Modal title={text.member.title} onClose={onClose}>
      <div className="about">
        <WatchedAvatar id={member.user_id} name={name} url={member.avatar_url} size="huge" />
        <p className="about-name">
          <bdi>{name}</bdi>
        </p>
        <p className="muted">
          @{member.username} · {text.roles[member.role]}
        </p>
        {ownId !== null && (
          <p className="muted">
            <PresenceText userId={member.user_id} />
          </p>
        )}
        <WriteButton userId={member.user_id} onClick={onClose} />
        {profile?.status_text && <p dir="auto">{profile.status_text}</p>}
        {profile?.bio && (
          <p className="about-text" dir="auto">
            {profile.bio}
          </p>
        )}
        {!room.is_lobby && <p className="muted">{text.member.joined(format.date(new Date(member.joined_at)))}</p>}
      </div>
      <RelationActions person={{ ...member, id: member.user_id }} />
      <div className="member-actions">
        {mayChangeRole && member.role === "member" && (
          <Button busy={busy} onClick={() => void setRole("admin")}>
            {text.member.makeAdmin}
          </Button>
        )}
        {mayChangeRole && member.role === "admin" && (
          <Button busy={busy} onClick={() => void setRole("member")}>
            {text.member.makeMember}
          </Button>
        )}
        {mayChangeRole && <Button onClick={() => setAsking("owner")}>{text.member.makeOwner}</Button>}
        {rights.remove(member) && (
          <Button look="danger" onClick={() => setAsking("remove")}>
            {text.member.remove}
          </Button>
        )}
      </div>
      <FormError>{error}</FormError>
    </Modal>
  );
}
