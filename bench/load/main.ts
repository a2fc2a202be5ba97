import { z } from "zod";
import { hold } from "./hold.ts";
import { lobby } from "./lobby.ts";
import { probe } from "./probe.ts";
import type { ProgramSpec } from "./programs.ts";
import { Reconnect } from "./reconnect.ts";
import { requests } from "./requests.ts";
import { readSeats } from "./seats.ts";
import { steady } from "./steady.ts";
import { storm } from "./storm.ts";
import { Talk } from "./talk.ts";
import { watch } from "./watch.ts";
import { wires } from "./wires.ts";

/** The generator's process: reads what to do from standard input, writes progress and the result as JSON lines. */
const spec = z
  .custom<ProgramSpec>((value) => typeof value === "object" && value !== null)
  .parse(await Bun.stdin.json());
console.log(JSON.stringify({ result: await run() }));
process.exit(0);

function run(): Promise<unknown> {
  const say = (progress: string) => console.log(JSON.stringify({ progress }));
  if (spec.kind === "requests") return requests(spec, say);
  const seats = readSeats(spec.seats);
  switch (spec.kind) {
    case "storm":
      return storm(spec, seats);
    case "hold":
      return hold(spec, seats, say);
    case "steady":
      return steady(spec, seats, say);
    case "lobby":
      return lobby(spec, seats, say);
    case "probe":
      return probe(spec, seats, say);
    case "watch":
      return watch(spec, seats, say);
    case "reconnect":
      return new Reconnect(spec, seats, say).run();
    default:
      return new Talk(spec, wires[spec.wire], seats).run(say);
  }
}
