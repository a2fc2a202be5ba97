/** Runs for so many milliseconds, and says for how long it was kept from running, and for how long at once. */
const endMs = performance.now() + Number(process.argv[2]);
let lostMs = 0;
let longestMs = 0;
for (let lastMs = performance.now(); lastMs < endMs;) {
  const nowMs = performance.now();
  const gapMs = nowMs - lastMs;
  lastMs = nowMs;
  if (gapMs < 1) continue;
  lostMs += gapMs;
  longestMs = Math.max(longestMs, gapMs);
}
console.log(JSON.stringify({ lostMs, longestMs }));
