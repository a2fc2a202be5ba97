/** A piece of a line. Line breaks and spaces stand in the text as they were written. */
export type Inline =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "strong" | "em" | "del"; readonly children: readonly Inline[] }
  | { readonly kind: "link"; readonly href: string; readonly children: readonly Inline[] };

/** A part of a message, one below the other. */
export type Block =
  | { readonly kind: "text"; readonly children: readonly Inline[] }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "quote"; readonly children: readonly Block[] }
  /** `start` is the first number; null for a list of points. */
  | { readonly kind: "list"; readonly start: number | null; readonly items: readonly (readonly Block[])[] };

/** What stands in a line, without any markup. */
export function textOf(children: readonly Inline[]): string {
  return children.map((child) => ("children" in child ? textOf(child.children) : child.text)).join("");
}

/** What stands in a message, without any markup. */
export function plainOf(blocks: readonly Block[]): string {
  return blocks
    .map((block) => {
      switch (block.kind) {
        case "text":
          return textOf(block.children);
        case "code":
          return block.text;
        case "quote":
          return plainOf(block.children);
        case "list":
          return block.items.map(plainOf).join("\n");
      }
    })
    .join("\n");
}
