import type { Clock } from "../../src/sdk/clock.ts";

/** What waits for a while waits for ever: a client that lacks something goes on lacking it, so that a test sees it. */
export const stillClock: Clock = { now: Date.now, random: Math.random, after: () => () => {} };
