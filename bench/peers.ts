import { ejabberd } from "./peer-ejabberd.ts";
import { goHub } from "./peer-go.ts";
import { socketIoOnBun, socketIoOnNode } from "./peer-socket-io.ts";
import { parley, type Peer, relay } from "./peer.ts";

/** Everything that is measured side by side; Parley first. */
export const peers: Peer[] = [parley, relay, goHub, socketIoOnNode, socketIoOnBun, ejabberd];
