import { ArrowLeft } from "lucide-react";
import { useWidth } from "../app/use-media.ts";
import { useText } from "../i18n/use-text.ts";
import { paths } from "../routing/place.ts";
import { goBack } from "../routing/router.ts";
import { IconButton } from "../ui/button.tsx";

/** Back to the list, where a conversation takes its place. */
export function BackButton({ isGuest }: { isGuest: boolean }) {
  const text = useText();
  const width = useWidth();
  if (width === "wide") return null;
  return (
    <IconButton label={text.back} onClick={() => goBack(isGuest ? paths.discover : paths.chats)}>
      <ArrowLeft size={20} aria-hidden className="flips" />
    </IconButton>
  );
}
