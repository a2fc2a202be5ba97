import { expect, test } from "bun:test";
import { withSigns } from "../../src/web/composer/formatting.ts";

/** `|` marks both ends of what is selected. */
function press(marked: string, sign: string): string {
  const from = marked.indexOf("|");
  const to = marked.lastIndexOf("|") - 1;
  const text = marked.replaceAll("|", "");
  const by = withSigns({ text, from, to }, sign);
  const after = text.slice(0, by.from) + by.text + text.slice(by.to);
  return `${after.slice(0, by.selectFrom)}|${after.slice(by.selectFrom, by.selectTo)}|${after.slice(by.selectTo)}`;
}

test.each([
  ["a |word| here", "**", "a **|word|** here"],
  ["a **|word|** here", "**", "a |word| here"],
  ["a **|word|** here", "*", "a ***|word|*** here"],
  ["a *|word|* here", "**", "a ***|word|*** here"],
  ["a | word |here", "*", "a  *|word|* here"],
  ["nothing || yet", "**", "nothing **||** yet"],
  ["nothing **||** yet", "**", "nothing || yet"],
])("%j with %s is %j", (before, sign, after) => {
  expect(press(before, sign)).toBe(after);
});
