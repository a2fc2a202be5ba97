import type { TimelineMessage } from "../../protocol/models.ts";
import { withoutMarkup } from "../markdown/markdown.ts";
import type { Dictionary } from "../i18n/en.ts";
import { systemText } from "../timeline/system-text.ts";

/** A message in one line, for the list. */
export function previewOf(
  message: TimelineMessage | null,
  ownId: string | null,
  text: Dictionary,
  isDirect = false,
): string {
  if (message === null) return text.rooms.noMessages;
  if ("is_hidden" in message) return text.timeline.hidden;
  if (message.type === "system") return message.system ? systemText(message.system, text) : "";
  if (message.is_deleted || message.is_recalled) return text.rooms.deleted;
  const line = withoutMarkup(message.content).slice(0, 200).replace(/\s+/g, " ");
  if (message.sender.id === ownId) return text.rooms.previewOwn(line);
  return isDirect ? line : text.rooms.preview(message.sender.display_name, line);
}
