/**
 * The seed of this run's random tests: `TEST_SEED` repeats a run. A failing test says its seed.
 */
export const seed: number = Number(process.env["TEST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** Numbers in [0, 1) that a seed repeats (mulberry32). */
export function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Adds to what a random test throws how to see it again. */
export async function seeded(run: (random: () => number, start: number) => Promise<void> | void): Promise<void> {
  try {
    await run(randomFrom(seed), seed);
  } catch (error) {
    console.error(`repeat it with TEST_SEED=${seed}`);
    throw error;
  }
}
