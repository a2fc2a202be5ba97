import { useState } from "react";
import type { Member } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";
import { parley, useParley } from "../app/parley.ts";
import { useNow } from "../app/use-now.ts";
import { useAction } from "../app/use-action.ts";
import { WriteButton } from "../directs/write-button.tsx";
import { useFormat, useText } from "../i18n/use-text.ts";
import { RelationActions } from "../people/relation-actions.tsx";
import { useProfile } from "../people/use-profile.ts";
import { PresenceText, WatchedAvatar } from "../presence/presence-dot.tsx";
import { Button } from "../ui/button.tsx";
import { FormError } from "../ui/field.tsx";
import { Confirm, Modal } from "../ui/modal.tsx";
import { BanDialog } from "../moderation/ban-dialog.tsx";
import { MuteDialog } from "../moderation/mute-dialog.tsx";
import { muteEnd } from "../timeline/system-text.ts";
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
  const now = useNow();
  const { run, busy, error } = useAction();
  const [asking, setAsking] = useState<"owner" | "remove" | "mute" | "ban" | null>(null);
  const { profile } = useProfile(member.user_id);
  const ownId = useParley((state) => state.me?.id ?? null);
  const isSelf = ownId === member.user_id;
  const mayChangeRole = rights.changeRoles && !isSelf && member.role !== "owner";
  const name = member.display_name;
  const isMuted = member.muted_until !== null && Date.parse(member.muted_until) > now.getTime();
  const mutedUntil = isMuted ? member.muted_until : null;

  async function act(work: () => Promise<unknown>) {
    if (await run(work)) onClose();
  }
  const unmute = () => act(() => parley.http.rooms.updateMember(room.id, member.user_id, { muted_until: null }));
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
  if (asking === "mute") {
    return <MuteDialog room={room} member={member} onDone={onClose} onClose={() => setAsking(null)} />;
  }
  if (asking === "ban") {
    return <BanDialog room={room} member={member} onDone={onClose} onClose={() => setAsking(null)} />;
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
        {mutedUntil !== null && <p className="muted">{text.moderation.memberMuted(muteEnd(mutedUntil))}</p>}
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
        {rights.reaches("mute", member) &&
          (mutedUntil === null ? (
            <Button onClick={() => setAsking("mute")}>{text.moderation.mute}</Button>
          ) : (
            <Button busy={busy} onClick={() => void unmute()}>
              {text.moderation.unmute}
            </Button>
          ))}
        {rights.reaches("kick", member) && (
          <Button look="danger" onClick={() => setAsking("remove")}>
            {text.member.remove}
          </Button>
        )}
        {rights.reaches("ban", member) && (
          <Button look="danger" onClick={() => setAsking("ban")}>
            {text.moderation.ban}
          </Button>
        )}
      </div>
      <FormError>{error}</FormError>
    </Modal>
  );
}
