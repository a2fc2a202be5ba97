import type { UserRef } from "../../protocol/models.ts";
import { WriteButton } from "../directs/write-button.tsx";
import { useText } from "../i18n/use-text.ts";
import { useWatched } from "../presence/presence.ts";
import { PresenceText, WatchedAvatar } from "../presence/presence-dot.tsx";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { Modal } from "../ui/modal.tsx";
import { closeProfile, useOpenedProfile } from "./opened.ts";
import { RelationActions } from "./relation-actions.tsx";
import { useProfile } from "./use-profile.ts";

/** The card that {@link openProfile} asked for. */
export function OpenedProfile() {
  const person = useOpenedProfile();
  return person && <ProfileCard key={person.id} person={person} onClose={closeProfile} />;
}

interface ProfileCardProps {
  person: UserRef;
  onClose(): void;
}

/** About one person, over the page. */
export function ProfileCard({ person, onClose }: ProfileCardProps) {
  const text = useText();
  return (
    <Modal title={text.people.profile} onClose={onClose}>
      <ProfileHead person={person} />
      <WriteButton userId={person.id} onClick={onClose} />
      <RelationActions person={person} />
      <p className="profile-more">
        <Link to={paths.person(person.id)} onClick={onClose}>
          {text.people.openProfile}
        </Link>
      </p>
    </Modal>
  );
}

/** Who somebody is, in their own words as far as these have come. */
export function ProfileHead({ person }: { person: UserRef }) {
  const { profile } = useProfile(person.id);
  useWatched([person.id]);
  const { display_name, username, avatar_url } = profile ?? person;
  return (
    <div className="about">
      <WatchedAvatar id={person.id} name={display_name} url={avatar_url} size="huge" />
      <p className="about-name">
        <bdi>{display_name}</bdi>
      </p>
      <p className="muted">@{username}</p>
      <p className="muted">
        <PresenceText userId={person.id} />
      </p>
      {profile?.status_text && <p dir="auto">{profile.status_text}</p>}
      {profile?.bio && (
        <p className="about-text" dir="auto">
          {profile.bio}
        </p>
      )}
    </div>
  );
}
