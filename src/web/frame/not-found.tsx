import { Compass } from "lucide-react";
import { useText } from "../i18n/use-text.ts";
import { Link } from "../routing/link.tsx";
import { paths } from "../routing/place.ts";
import { Empty } from "../ui/empty.tsx";

export function NotFound() {
  const text = useText();
  return (
    <Empty icon={<Compass size={40} aria-hidden />} title={text.notFound.title} hint={text.notFound.hint} isPage>
      <Link className="button button-primary" to={paths.chats}>
        {text.notFound.home}
      </Link>
    </Empty>
  );
}
