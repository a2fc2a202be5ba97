import { Eraser } from "lucide-react";
import { useState } from "react";
import type { User } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";
import { parley } from "../app/parley.ts";
import { useAction } from "../app/use-action.ts";
import { useText } from "../i18n/use-text.ts";
import { LevelDialog, levelIcons } from "../notifications/level-dialog.tsx";
import { RelationActions } from "../people/relation-actions.tsx";
import { roomName } from "../rooms/room-name.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Confirm } from "../ui/modal.tsx";

/** What stands beside a conversation of two: who the other one is, and what one may do with it. */
export function AboutPeer({ room, peer }: { room: RoomState; peer: User }) {
  const text = useText();
  const [open, setOpen] = useState<"level" | "clear" | null>(null);
  const name = roomName(room, text);
  return (
    <div className="about">
      <Avatar id={peer.id} name={name} url={peer.avatar_url} size="huge" />
      <h2 className="about-name" dir="auto">
        {name}
      </h2>
      <p className="about-kind">@{peer.username}</p>
      <div className="about-actions">
        <button type="button" className="about-action" onClick={() => setOpen("level")}>
          {levelIcons[room.notify_level]}
          <span>{text.notifications.title}</span>
        </button>
        <button type="button" className="about-action" onClick={() => setOpen("clear")}>
          <Eraser size={20} aria-hidden />
          <span>{text.directs.clear}</span>
        </button>
      </div>
      <RelationActions person={peer} />
      {open === "level" && <LevelDialog room={room} onClose={() => setOpen(null)} />}
      {open === "clear" && <ClearConversation peer={peer} name={name} onClose={() => setOpen(null)} />}
    </div>
  );
}

function ClearConversation({ peer, name, onClose }: { peer: User; name: string; onClose(): void }) {
  const text = useText();
  const { run, busy, error } = useAction();
  async function clear() {
    if (await run(() => parley.clearConversation(peer.id))) onClose();
  }
  return (
    <Confirm
      title={text.directs.clearQuestion(name)}
      hint={text.directs.clearHint(name)}
      confirm={text.directs.clear}
      danger
      busy={busy}
      error={error}
      onConfirm={() => void clear()}
      onClose={onClose}
    />
  );
}
