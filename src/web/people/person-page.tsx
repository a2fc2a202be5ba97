import { ArrowLeft } from "lucide-react";
import { describeError } from "../app/describe-error.ts";
import { WriteButton } from "../directs/write-button.tsx";
import { useText } from "../i18n/use-text.ts";
import { paths } from "../routing/place.ts";
import { goBack } from "../routing/router.ts";
import { IconButton } from "../ui/button.tsx";
import { Loading } from "../ui/empty.tsx";
import { ProfileHead } from "./profile-card.tsx";
import { RelationActions } from "./relation-actions.tsx";
import { useProfile } from "./use-profile.ts";

/** About one person, as a place of its own. */
export function PersonPage({ userId }: { userId: string }) {
  const text = useText();
  const { profile, error } = useProfile(userId);
  return (
    <>
      <header className="pane-header">
        <IconButton label={text.back} onClick={() => goBack(paths.people)}>
          <ArrowLeft size={20} aria-hidden className="flips" />
        </IconButton>
        <h1 className="pane-title">{text.people.profile}</h1>
      </header>
      <div className="pane-scroll">
        <div className="page person-page">
          {error !== null ? (
            <p className="pane-note" role="alert">
              {describeError(error, text)}
            </p>
          ) : profile === null ? (
            <Loading label={text.loading} />
          ) : (
            <>
              <ProfileHead person={profile} />
              <WriteButton userId={profile.id} />
              <RelationActions person={profile} />
            </>
          )}
        </div>
      </div>
    </>
  );
}
