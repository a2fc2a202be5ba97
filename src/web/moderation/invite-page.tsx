import { Link2Off } from "lucide-react";
import { useEffect, useState } from "react";
import type { InvitePreview } from "../../protocol/models.ts";
import { ApiError } from "../../sdk/errors.ts";
import { describeError } from "../app/describe-error.ts";
import { parley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { navigate } from "../routing/router.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button } from "../ui/button.tsx";
import { Empty, Loading } from "../ui/empty.tsx";
import { FormError } from "../ui/field.tsx";

/** Where a link into a room leads: what it is, and the way in. */
export function InvitePage({ code }: { code: string }) {
  const text = useText();
  const { run, busy, error } = useAction();
  const [preview, setPreview] = useState<InvitePreview | null>(null);
  const [failure, setFailure] = useState<unknown>(null);

  useEffect(() => {
    let isWanted = true;
    parley.http.invites.preview(code).then(
      (found) => isWanted && setPreview(found),
      (refusal: unknown) => isWanted && setFailure(refusal),
    );
    return () => {
      isWanted = false;
    };
  }, [code]);

  async function accept() {
    await run(async () => {
      const { room_id } = await parley.http.invites.accept(code);
      navigate(paths.room(room_id), { replace: true });
    });
  }

  if (failure !== null) {
    const isGone = failure instanceof ApiError && failure.is("INVITE_NOT_FOUND");
    return (
      <Empty
        icon={<Link2Off size={40} aria-hidden />}
        title={isGone ? text.moderation.inviteGone : describeError(failure, text)}
        {...(isGone && { hint: text.moderation.inviteGoneHint })}
        isPage
      >
        <Link className="button button-plain" to={paths.chats}>
          {text.notFound.home}
        </Link>
      </Empty>
    );
  }
  if (preview === null) return <Loading label={text.loading} />;
  const { room, created_by, is_member } = preview;
  return (
    <section className="invite-page">
      <Avatar id={room.id} name={room.name} url={room.avatar_url} size="huge" />
      <p className="muted" dir="auto">
        {text.moderation.invitedBy(created_by.display_name)}
      </p>
      <h1 className="about-name" dir="auto">
        {room.name}
      </h1>
      <p className="muted">{text.rooms.memberCount(room.member_count)}</p>
      {room.description !== "" && (
        <p className="about-text" dir="auto">
          {room.description}
        </p>
      )}
      <FormError>{error}</FormError>
      {is_member ? (
        <Link className="button button-primary" to={paths.room(room.id)}>
          {text.moderation.openRoom}
        </Link>
      ) : (
        <Button look="primary" busy={busy} onClick={() => void accept()}>
          {text.room.join}
        </Button>
      )}
    </section>
  );
}
