import type { WireName } from "./spec.ts";
import { parleyWire, relayWire } from "./wire-parley.ts";
import { socketIoWire } from "./wire-socket-io.ts";
import { xmppWire } from "./wire-xmpp.ts";
import type { Wire } from "./wire.ts";

export const wires: Record<WireName, Wire> = {
  parley: parleyWire,
  relay: relayWire,
  socketio: socketIoWire,
  xmpp: xmppWire,
};
