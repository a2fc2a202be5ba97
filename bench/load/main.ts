import { z } from "zod";
import { readSeats } from "./seats.ts";
import type { LoadSpec } from "./spec.ts";
import { Talk } from "./talk.ts";
import { wires } from "./wires.ts";

/** The generator's process: reads what to do from standard input, writes progress and the result as JSON lines. */
const spec = z.custom<LoadSpec>((value) => typeof value === "object" && value !== null).parse(await Bun.stdin.json());
const talk = new Talk(spec, wires[spec.wire], readSeats(spec.seats));
const result = await talk.run((progress) => console.log(JSON.stringify({ progress })));
console.log(JSON.stringify({ result }));
talk.stop();
process.exit(0);
