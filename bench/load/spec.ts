/** One place in a room that a client of the generator takes: who it signs in as, and where it talks. */
export interface Seat {
  user_id: string;
  username: string;
  /** Of the peer under test; peers without accounts ignore it. */
  token: string;
  /** The rooms it is in; it talks in the first. */
  rooms: string[];
}

/** How peers speak; the bare relay and the Go hub send the very frames of Parley. */
export type WireName = "parley" | "relay" | "socketio" | "xmpp";

/** What one run of the generator does. Travels as JSON to its process. */
export interface LoadSpec {
  wire: WireName;
  /** `http://host:port` of the peer. */
  url: string;
  /** Of its other nodes: clients take turns, so that neighbours in a room sit on different ones. */
  others?: string[];
  /** A file with one {@link Seat} a line, the members of a room next to each other. */
  seats: string;
  /** How many of the seats are taken. */
  clients: number;
  /** Members of a room; a message is delivered to all of them, its sender included. */
  roomSize: number;
  /** The first so many members of each room send. */
  sendersPerRoom: number;
  contentBytes: number;
  /** `ordered`: UUIDv7. */
  tempIds: "ordered" | "random";
  load: LoadPlan;
  warmUpS: number;
  seconds: number;
  /** The processes whose CPU time is counted, with all that descend from them. */
  pids: number[];
  /** Every so-manyth client, from the first on and none of them a sender, stops reading when the load begins. */
  stalledEvery?: number;
  /** What is not there so long after the end is lost; 30 s. */
  settleMs?: number;
  /** Keeps a {@link Slice} for each such length of the whole run, warm-up included. */
  sliceMs?: number;
}

/**
 * Closed loop: so many messages a sender that have no ack yet, or that have not reached the last member. Open loop: a
 * fixed schedule for all senders together; its phases follow each other, and the last one goes on to the end.
 */
export type LoadPlan =
  | { kind: "window"; perSender: number; until?: "ack" | "last" }
  | { kind: "schedule"; perSecond: number }
  | { kind: "phases"; phases: { perSecond: number; seconds: number }[] };

/** What became of the messages that were due in one slice of a run. */
export interface Slice {
  fromS: number;
  sent: number;
  acked: number;
  refused: number;
  /** Acks that came in meanwhile, whenever their messages were due. */
  acksIn: number;
  /** Milliseconds, from the intended time of a send. */
  ackP50: number;
  ackP99: number;
  lastP99: number;
  refusalP99: number;
}

/** Milliseconds. */
export interface Latencies {
  count: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

export interface LoadResult {
  /** Length of the measured part. */
  seconds: number;
  acked: number;
  /** Messages that the peer refused, by its error code. */
  refused: Record<string, number>;
  /** Sockets that Parley (of several nodes the first) has closed until the end, by close code. */
  closed: Record<string, number>;
  deliveries: number;
  /** From the intended time of a send to its acknowledgement, and to its arrival at the last member of the room. */
  ack: Latencies;
  last: Latencies;
  /** CPU time over wall time, of the peer's processes and of the generator; 1 is one core. */
  peerCores: number;
  loadCores: number;
  /** Microseconds of the peer's CPU. */
  cpuPerMessage: number;
  cpuPerDelivery: number;
  /** Messages that Parley (of several nodes the first) committed in one transaction, in the mean. */
  batch?: number;
  series?: Slice[];
  /** A lost, doubled or reordered message: any of them fails the cell. */
  faults: string[];
}
