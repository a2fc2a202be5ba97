import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { useWidth } from "../app/use-media.ts";
import { useText } from "../i18n/use-text.ts";
import { paths } from "../routing/place.ts";
import { goBack } from "../routing/router.ts";
import { IconButton } from "../ui/button.tsx";
import { PublicRooms } from "./public-rooms.tsx";
import { SearchBox } from "./search-box.tsx";

/** The public rooms of the server, to look at and to join. */
export function Discover({ isGuest }: { isGuest: boolean }) {
  const text = useText();
  const width = useWidth();
  const [query, setQuery] = useState("");
  return (
    <>
      <header className="pane-header">
        {width === "middle" && !isGuest && (
          <IconButton label={text.back} onClick={() => goBack(paths.chats)}>
            <ArrowLeft size={20} aria-hidden className="flips" />
          </IconButton>
        )}
        <h1 className="pane-title">{text.discover.title}</h1>
      </header>
      <div className="pane-scroll">
        <div className="page">
          <p className="muted">{text.discover.hint}</p>
          <SearchBox
            label={text.discover.search}
            placeholder={text.discover.search}
            value={query}
            onChange={setQuery}
          />
          <PublicRooms query={query} openRoomId={null} look="cards" />
        </div>
      </div>
    </>
  );
}
