import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { root, run, type Running, start, temporaryFolder } from "./processes.ts";
import type { WorldPlan } from "./world-plan.ts";

let built: Promise<string> | undefined;

/** The binary that is measured: `PARLEY_BIN`, or one that is built now, once for all cells. */
export function binary(): Promise<string> {
  const given = process.env["PARLEY_BIN"];
  built ??= given ? Promise.resolve(given) : build();
  return built;
}

async function build(): Promise<string> {
  const outfile = join(temporaryFolder(), "parley");
  await run([process.execPath, join(root, "build.ts"), "--outfile", outfile]);
  return outfile;
}

/** A database of its own, with people whose seats stand in a file. */
export interface World {
  env: Record<string, string>;
  seats: string;
}

/** A folder, and on Postgres a database, for one server. */
export interface Ground {
  dataDir: string;
  env: Record<string, string>;
}

export function ground(databaseUrl?: string): Ground {
  const dataDir = temporaryFolder();
  return { dataDir, env: { DATA_DIR: dataDir, ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }) } };
}

/** Makes a world in an empty database. */
export async function makeWorld(plan: WorldPlan, { dataDir, env }: Ground): Promise<World> {
  const seats = join(dataDir, "seats.ndjson");
  await run([process.execPath, join(root, "bench/world.ts"), JSON.stringify(plan), seats], { env });
  return { env, seats };
}

/** Seats for peers that have no accounts; the names are as long as those of Parley's people are on average. */
export function makeSeats(plan: WorldPlan, roomsOf: (index: number) => number[]): string {
  const seats = join(temporaryFolder(), "seats.ndjson");
  const lines = Array.from({ length: plan.people }, (_, index) =>
    JSON.stringify({
      user_id: `${index}`,
      username: `u${String(index).padStart(9, "0")}`,
      token: "none",
      rooms: roomsOf(index).map((room) => `00000000-0000-7000-8000-${String(room).padStart(12, "0")}`),
    }),
  );
  writeFileSync(seats, `${lines.join("\n")}\n`);
  return seats;
}

const readyLine = z.object({ msg: z.literal("ready"), url: z.string() });

export interface Server extends Running {
  url: string;
}

/**
 * Starts Parley as people run it: every check and the limiter on, only the limiter's rate and the sockets of one person
 * beyond what the cells need.
 */
export async function serve({ env }: Pick<World, "env">, more: Record<string, string> = {}): Promise<Server> {
  const running = start([await binary(), "serve"], {
    env: {
      HOST: "0.0.0.0",
      PORT: "0",
      LOG_FORMAT: "json",
      RATE_MESSAGES_PER_SECOND: "1000000",
      ROOM_MAX_MEMBERS: "10000",
      ...env,
      ...more,
    },
  });
  const url = await running.line((line) => {
    const parsed = line.startsWith("{") ? readyLine.safeParse(JSON.parse(line)) : undefined;
    return parsed?.success ? parsed.data.url : undefined;
  });
  return { ...running, url: `http://127.0.0.1:${new URL(url).port}` };
}
