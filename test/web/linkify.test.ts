import { expect, test } from "bun:test";
import fc from "fast-check";
import { linkify } from "../../src/web/timeline/linkify.ts";

const links = (text: string) => linkify(text).flatMap((segment) => ("href" in segment ? [segment.text] : []));

test.each([
  ["see https://example.org.", ["https://example.org"]],
  ["(https://example.org/a_(b))", ["https://example.org/a_(b)"]],
  ["[https://example.org/x]!", ["https://example.org/x"]],
  ["http://a.example/?q=1&r=2#top, https://b.example", ["http://a.example/?q=1&r=2#top", "https://b.example"]],
  ["請看https://example.org/路徑。謝謝", ["https://example.org/路徑"]],
  ["HTTPS://EXAMPLE.ORG", ["HTTPS://EXAMPLE.ORG"]],
  ["javascript:alert(1) data:text/html,x ftp://example.org", []],
  ["https://user:secret@example.org https://bank.example@evil.example", []],
  ["https:// http://[ https://?", []],
  ["", []],
])("the addresses in %j", (text, found) => {
  expect(links(text)).toEqual(found);
});

test("an address leads where it says", () => {
  expect(linkify("https://example.org/a b")[0]).toEqual({
    text: "https://example.org/a",
    href: "https://example.org/a",
  });
});

test("nothing is lost or made up, and only http and https are followed", () => {
  const part = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("https://", "http://a.b/", ")", "(", ".", "javascript:"),
  );
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const text = parts.join("");
      const segments = linkify(text);
      expect(segments.map((segment) => segment.text).join("")).toBe(text);
      for (const segment of segments) if ("href" in segment) expect(segment.href).toMatch(/^https?:\/\/[^@]/);
    }),
  );
});

test("a long text of traps is cut within the time of a picture", () => {
  const text = "https://".repeat(500) + "(".repeat(2_000) + ")".repeat(2_000);
  const began = performance.now();
  linkify(text);
  expect(performance.now() - began).toBeLessThan(50);
});
