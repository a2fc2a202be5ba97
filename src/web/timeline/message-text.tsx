import { Fragment, type ReactNode } from "react";
import { isEmojiOnly, markdown } from "../markdown/markdown.ts";
import type { Block, Inline } from "../markdown/nodes.ts";
import { CodeBlock } from "./code-block.tsx";
import { renderText } from "./render-text.tsx";

interface MessageTextProps {
  content: string;
  /** Ids of those whom it names. */
  mentions?: readonly string[];
}

const nobody: readonly string[] = [];

/** A message with its markup. The elements are made here, one for each kind: nothing in a text becomes HTML. */
export function MessageText({ content, mentions = nobody }: MessageTextProps) {
  const blocks = markdown(content);
  const [only] = blocks;
  if (only?.kind === "text" && blocks.length === 1) {
    return (
      <span className="message-text" data-emoji={isEmojiOnly(content) || undefined} dir="auto">
        {inlines(only.children, mentions)}
      </span>
    );
  }
  return (
    <div className="message-text" data-blocks dir="auto">
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} mentions={mentions} />
      ))}
    </div>
  );
}

function BlockView({ block, mentions }: { block: Block; mentions: readonly string[] }) {
  switch (block.kind) {
    case "text":
      return <p dir="auto">{inlines(block.children, mentions)}</p>;
    case "code":
      return <CodeBlock text={block.text} />;
    case "quote":
      return (
        <blockquote dir="auto">
          {block.children.map((child, index) => (
            <BlockView key={index} block={child} mentions={mentions} />
          ))}
        </blockquote>
      );
    case "list": {
      const items = block.items.map((item, index) => (
        <li key={index} dir="auto">
          {item.map((child, place) => (
            <BlockView key={place} block={child} mentions={mentions} />
          ))}
        </li>
      ));
      return block.start === null ? (
        <ul dir="auto">{items}</ul>
      ) : (
        <ol start={block.start} dir="auto">
          {items}
        </ol>
      );
    }
  }
}

function inlines(children: readonly Inline[], mentions: readonly string[]): ReactNode[] {
  return children.map((child, index) => {
    switch (child.kind) {
      case "text":
        return <Fragment key={index}>{renderText(child.text, mentions)}</Fragment>;
      case "code":
        return <code key={index}>{child.text}</code>;
      case "strong":
        return <strong key={index}>{inlines(child.children, mentions)}</strong>;
      case "em":
        return <em key={index}>{inlines(child.children, mentions)}</em>;
      case "del":
        return <del key={index}>{inlines(child.children, mentions)}</del>;
      case "link":
        return (
          <a key={index} href={child.href} title={child.href} target="_blank" rel="noopener noreferrer nofollow">
            {inlines(child.children, nobodyInLinks)}
          </a>
        );
    }
  });
}

/** A link leads where it leads, also where a name stands in it. */
const nobodyInLinks: readonly string[] = [];
