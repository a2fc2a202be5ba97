import type { Quotation } from "../../protocol/models.ts";
import { useText } from "../i18n/use-text.ts";
import { saidIn } from "./said.ts";
import { jumper } from "../timeline/menu-state.ts";

/** The message that another one answers; a click leads there. By the keyboard the same is in the message's menu. */
export function Quote({ quote: { id, sender, content } }: { quote: Quotation }) {
  const text = useText();
  const said = saidIn(content);
  const shown = said === "" ? text.life.quotedIsGone : said;
  return (
    <button type="button" className="quote" tabIndex={-1} onClick={() => jumper.get()?.toMessage(id)}>
      <span className="visually-hidden">{text.life.inReplyTo} </span>
      <bdi className="quote-name">{sender.display_name}</bdi>
      <span className="quote-text" data-gone={said === "" || undefined} dir="auto">
        {shown}
      </span>
    </button>
  );
}
