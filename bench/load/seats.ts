import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Seat } from "./spec.ts";

const seat = z.object({ user_id: z.string(), username: z.string(), token: z.string(), rooms: z.array(z.string()) });

/** The seats of a file, one JSON object a line. */
export function readSeats(path: string): Seat[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => seat.parse(JSON.parse(line)));
}
