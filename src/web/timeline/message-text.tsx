import { linkify } from "./linkify.ts";

/** A message as it was written, with its line breaks; addresses can be followed. */
export function MessageText({ children }: { children: string }) {
  return (
    <span className="message-text" dir="auto">
      {linkify(children).map((segment, index) =>
        "href" in segment ? (
          <a key={index} href={segment.href} target="_blank" rel="noopener noreferrer nofollow">
            {segment.text}
          </a>
        ) : (
          segment.text
        ),
      )}
    </span>
  );
}
