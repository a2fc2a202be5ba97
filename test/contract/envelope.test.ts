import { expect, test } from "bun:test";
import { isFrom, seal, unseal } from "../../src/server/platform/bus/redis/envelope.ts";

const nodeId = "node-a";
const long = JSON.stringify({ content: "牛肉麵 😀 \\ud800\n" }).repeat(100);

test.each([
  ["one", ["a"]],
  ["an empty one", [""]],
  ["several, with lines in them", ["a\nb", "", "1 node-b 1\nc"]],
  ["long ones, of any script", [long, "", long]],
])("messages come out as they went in: %s", (_, messages) => {
  const text = seal(nodeId, messages);
  expect(unseal(text)).toEqual({ from: nodeId, messages });
  expect(isFrom(nodeId, text)).toBe(true);
  expect(isFrom("node", text)).toBe(false);
});

test("much of the same takes little", () => {
  expect(seal(nodeId, [long, long]).length).toBeLessThan(long.length / 4);
});

test.each([
  ["of a version to come", "9 node-a 1\na"],
  ["without a line", "1 node-a 1"],
  ["without a sender", "1  1\na"],
  ["shorter than it says", "1 node-a 2\na"],
  ["that cannot be unpacked", "2 node-a 2\nYWI="],
])("an envelope %s is refused", (_, text) => {
  expect(() => unseal(text)).toThrow();
});
