import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isEmojiOnly, markdown, withoutMarkup } from "../../src/web/markdown/markdown.ts";
import type { Block, Inline } from "../../src/web/markdown/nodes.ts";

const signs = { strong: "b", em: "i", del: "s", code: "code" } as const;

/** Short for a tree: `b[bold] text`. */
function line(children: readonly Inline[]): string {
  return children
    .map((child) => {
      if (child.kind === "text") return child.text;
      if (child.kind === "link") return `a<${child.href}>[${line(child.children)}]`;
      return `${signs[child.kind]}[${"children" in child ? line(child.children) : child.text}]`;
    })
    .join("");
}
function outline(blocks: readonly Block[]): string {
  return blocks
    .map((block) => {
      if (block.kind === "text") return line(block.children);
      if (block.kind === "code") return `pre{${block.text}}`;
      if (block.kind === "quote") return `quote{${outline(block.children)}}`;
      return `${block.start === null ? "ul" : `ol${block.start}`}{${block.items.map(outline).join(" | ")}}`;
    })
    .join(" / ");
}
const shown = (content: string) => outline(markdown(content));

function links(content: string): string[] {
  const found: string[] = [];
  const look = (children: readonly Inline[]) => {
    for (const child of children) {
      if (child.kind === "link") found.push(child.href);
      if ("children" in child) look(child.children);
    }
  };
  const lookAt = (blocks: readonly Block[]) => {
    for (const block of blocks) {
      if (block.kind === "text") look(block.children);
      if (block.kind === "quote") lookAt(block.children);
      if (block.kind === "list") block.items.forEach(lookAt);
    }
  };
  lookAt(markdown(content));
  return found;
}

describe("in a line", () => {
  test.each([
    ["**bold** *italic* _italic_ ~~gone~~ `code`", "b[bold] i[italic] i[italic] s[gone] code[code]"],
    ["***both*** and **a *b* c**", "i[b[both]] and b[a i[b] c]"],
    ["*a **b***", "i[a b[b]]"],
    ["snake_case_name and 2*3*4 and 5 * 6", "snake_case_name and 2*3*4 and 5 * 6"],
    ["**not closed, *nor this", "**not closed, *nor this"],
    ["他說**「粗體」**文字，**重要：**請看", "他說b[「粗體」]文字，b[重要：]請看"],
    ["\\*not\\* `a\\*`", "*not* code[a\\*]"],
    ["`` a`b `` and `c", "code[a`b] and `c"],
    ["~one~ ~~two~~ ~~~three", "~one~ s[two] ~~~three"],
    ["*a\nb*", "i[a\nb]"],
    ["*a\n\nb*", "*a\n\nb*"],
    ["@_ann_ and @ben.b_c", "@_ann_ and @ben.b_c"],
    ["<b>bold</b> &lt; <script>alert(1)</script>", "<b>bold</b> &lt; <script>alert(1)</script>"],
    ["![a](https://example.org/i.png)", "!a<https://example.org/i.png>[a]"],
    ["# no heading", "# no heading"],
  ])("%j", (content, expected) => {
    expect(shown(content)).toBe(expected);
  });
});

describe("blocks", () => {
  test.each([
    ["```ts\nconst a = `1`;\n\n  b\n```\nafter", "pre{const a = `1`;\n\n  b} / after"],
    ["```\nnot closed", "pre{not closed}"],
    ["```", "```"],
    ["```a```", "code[a]"],
    ["> said\n> **so**\nmy answer", "quote{said\nb[so]} / my answer"],
    ["> > deep\n> less", "quote{quote{deep} / less}"],
    [">_< and >:(\n>nothing", ">_< and >:(\n>nothing"],
    [">\n> \n>", ">\n> \n>"],
    ["- a\n- b\n  - c\n  more\n- d", "ul{a | b / ul{c} / more | d}"],
    ["1. a\n2. b\n\n3. c\nafter", "ol1{a | b | c} / after"],
    ["it was\n1986. A good year", "it was\n1986. A good year"],
    ["- ", "- "],
    ["-5 and - 6", "-5 and - 6"],
    ["a\n\n\n   b", "a\n\n\n   b"],
  ])("%j", (content, expected) => {
    expect(shown(content)).toBe(expected);
  });

  test("lie no deeper than a few levels; what lies deeper is text", () => {
    expect(shown("> ".repeat(20) + "x")).toBe(`${"quote{".repeat(6)}${"> ".repeat(14)}x${"}".repeat(6)}`);
    expect(shown("- ".repeat(20) + "x")).toBe(`${"ul{".repeat(6)}${"- ".repeat(14)}x${"}".repeat(6)}`);
  });
});

describe("links", () => {
  test.each([
    ["see https://example.org.", ["https://example.org/"]],
    ["(https://example.org/a_(b))", ["https://example.org/a_(b)"]],
    ["[https://example.org/x]!", ["https://example.org/x"]],
    ["**https://a.example/_x_y**", ["https://a.example/_x_y"]],
    ["http://a.example/?q=1&r=2#top, https://b.example", ["http://a.example/?q=1&r=2#top", "https://b.example/"]],
    ["請看https://example.org/路徑。謝謝", ["https://example.org/%E8%B7%AF%E5%BE%91"]],
    ["HTTPS://EXAMPLE.ORG", ["https://example.org/"]],
    ["javascript:alert(1) data:text/html,x ftp://example.org", []],
    ["https://user:secret@example.org https://bank.example@evil.example", []],
    ["https:// http://[ https://?", []],
    [
      "[here](https://example.org/a_(b)) [mail](mailto:ann@example.org)",
      ["https://example.org/a_(b)", "mailto:ann@example.org"],
    ],
    ["[a](javascript:alert(1)) [b](JaVaScRiPt:x) [c](data:text/html,x) [d](vbscript:x) [e](/path) [f](//x.org)", []],
    ["[a](java\tscript:x) [a](&#106;avascript:x) [a](https://u:p@example.org)", []],
    ["<https://example.org> <mailto:a@b.co> <javascript:alert(1)>", ["https://example.org/", "mailto:a@b.co"]],
    ["write to ann.b@example.org.", ["mailto:ann.b@example.org"]],
    ["`https://example.org`", []],
    ["[[inner](https://a.example)](/b)", ["https://a.example/"]],
    [
      "[https://bank.example](https://evil.example) [bank.example](https://evil.example)",
      ["https://bank.example/", "https://evil.example/", "https://evil.example/"],
    ],
    [
      "[www.example.org](https://example.org/) [https://a.b/c](https://a.b/c)",
      ["https://example.org/", "https://a.b/c"],
    ],
    ["[](https://example.org) [ ](https://example.org)", ["https://example.org/", "https://example.org/"]],
  ])("%j", (content, expected) => {
    expect(links(content)).toEqual(expected);
  });

  test("that say they lead to another host stand as they were written", () => {
    expect(shown("[bank.example](https://evil.example)")).toBe(
      "[bank.example](a<https://evil.example/>[https://evil.example])",
    );
  });
});

test("nothing is lost or made up but signs, and only the web and mail are linked", () => {
  const part = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "https://a.b/",
      "](",
      "[",
      ")",
      "*",
      "**",
      "_",
      "~~",
      "`",
      "```\n",
      "\n",
      "\n> ",
      "\n- ",
      "1. ",
      "a",
      "@",
      "\\",
    ),
  );
  const letters = (text: string) => text.replace(/[^\p{L}]/gu, "");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const content = parts.join("");
      for (const href of links(content)) expect(href).toMatch(/^(https?:\/\/[^@]|mailto:)/);
      // Of a fence's first line and of a link's address nothing is shown.
      if (!/```|~~~|\]\(/.test(content)) expect(letters(withoutMarkup(content))).toBe(letters(content));
    }),
    { numRuns: 500 },
  );
});

test("only a few emoji are shown larger", () => {
  for (const content of ["🎉", "👩‍👩‍👧 ❤️", "🇹🇼🎉🎉"]) expect(isEmojiOnly(content)).toBe(true);
  for (const content of ["", " ", "7", "a🎉", "🎉".repeat(9), "©"]) expect(isEmojiOnly(content)).toBe(false);
});

/** What was made to take long: each is cut in time that grows with its length alone. */
describe("evil texts", () => {
  const size = 10_000;
  const filled = (piece: string) => piece.repeat(Math.ceil(size / piece.length)).slice(0, size);
  const runs = Array.from({ length: 200 }, (_, index) => "`".repeat(index))
    .join(" ")
    .slice(0, size);
  const texts = {
    quotes: [filled("> "), filled(">"), filled(">\n"), filled("> a\n>\n"), filled("> > > > > > > x\n")],
    brackets: [
      filled("["),
      filled("[]("),
      filled("[a](<b"),
      filled("[a](b"),
      filled("]"),
      filled("[["),
      filled("[a](https://["),
    ],
    emphasis: [
      filled("*"),
      filled("*a "),
      filled("*a_ "),
      filled("**a*"),
      filled("*_"),
      filled("a**b"),
      filled("~~a"),
      filled("_a~~*b "),
    ],
    code: [filled("`"), runs, filled("```\n"), filled("~"), filled("~~~\n`"), filled("`a``b```c")],
    lists: [
      filled("- "),
      filled("- a\n"),
      filled("  - a\n    - b\n"),
      filled("1. \n"),
      filled("- a\n\n"),
      filled("9. "),
    ],
    addresses: [
      filled("https://"),
      filled("https://["),
      filled("a@"),
      filled("a@b."),
      filled("<https://"),
      filled("<mailto:a"),
      "https://a.b/" + filled(")"),
    ],
    spaces: [filled(" "), filled("\n"), filled(" \n\t"), filled("a\n \n")],
    escapes: [filled("\\"), filled("\\*")],
  };
  test.each(Object.entries(texts))("of %s", (_, contents) => {
    for (const content of contents) {
      // A guard against work that grows with the square, not a measurement.
      const began = performance.now();
      markdown(content);
      expect(performance.now() - began).toBeLessThan(1_000);
    }
  });

  test("of a mebibyte are shown as they were written", () => {
    const content = "> ".repeat(2 ** 19);
    expect(markdown(content)).toEqual([{ kind: "text", children: [{ kind: "text", text: content }] }]);
  });
});
