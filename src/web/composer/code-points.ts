/** Length in Unicode code points, as the server counts it. (`protocol/text` does too, but brings zod along.) */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
