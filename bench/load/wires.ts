import type { WireName } from "./spec.ts";
import { parleyWire, relayWire } from "./wire-parley.ts";
import type { Wire } from "./wire.ts";

export const wires: Record<WireName, Wire> = { parley: parleyWire, relay: relayWire };
