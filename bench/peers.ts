import { parley, type Peer, relay } from "./peer.ts";

/** Everything that is measured side by side; Parley first. */
export const peers: Peer[] = [parley, relay];
