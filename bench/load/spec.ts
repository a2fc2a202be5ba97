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
  /** Closed loop with so many unanswered messages a sender, or open loop with a fixed schedule for all together. */
  load: { kind: "window"; perSender: number } | { kind: "schedule"; perSecond: number };
  warmUpS: number;
  seconds: number;
  /** The processes whose CPU time is counted. */
  pids: number[];
  /** The first so many clients, none of them senders, stop reading when the load begins. */
  stalled?: number;
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
  /** A lost, doubled or reordered message: any of them fails the cell. */
  faults: string[];
}
