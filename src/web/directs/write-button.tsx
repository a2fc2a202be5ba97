import { MessageCircle } from "lucide-react";
import { useParley } from "../app/parley.ts";
import { useText } from "../i18n/use-text.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";

/** Leads to the conversation with somebody; of oneself, of whom one has blocked, and for guests, there is none. */
export function WriteButton({ userId, onClick }: { userId: string; onClick?(): void }) {
  const text = useText();
  const ownId = useParley((state) => state.me?.id ?? null);
  const isBlocked = useParley((state) => userId in state.blocks);
  if (ownId === null || ownId === userId || isBlocked) return null;
  return (
    <Link className="button button-primary" to={paths.chat(userId)} onClick={onClick}>
      <MessageCircle size={18} aria-hidden />
      <span>{text.directs.write}</span>
    </Link>
  );
}
