import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Everything that `/metrics` shows, made once a context; names follow Prometheus' conventions (base units, `_total`). */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    sockets: new Gauge({ name: "parley_sockets", help: "Open sockets", labelNames: ["state"], registers }),
    socketsClosed: new Counter({
      name: "parley_sockets_closed_total",
      help: "Sockets closed, by close code",
      labelNames: ["code"],
      registers,
    }),
    socketsRefused: new Counter({
      name: "parley_sockets_refused_total",
      help: "Upgrades refused",
      labelNames: ["reason"],
      registers,
    }),
    peopleOnline: new Gauge({ name: "parley_people_online", help: "People whom others see, on all nodes", registers }),
    buffered: new Gauge({
      name: "parley_socket_buffered_bytes",
      help: "Bytes that peers have yet to take, all together",
      registers,
    }),
    inboxFrames: new Gauge({
      name: "parley_inbox_frames",
      help: "Frames received and not yet handled, of all sockets",
      registers,
    }),
    framesIn: new Counter({
      name: "parley_frames_received_total",
      help: "Frames received, by type",
      labelNames: ["type"],
      registers,
    }),
    deliveries: new Counter({ name: "parley_frames_published_total", help: "Frames published to topics", registers }),
    messages: new Counter({ name: "parley_messages_total", help: "Messages stored", registers }),
    messageChanges: new Counter({
      name: "parley_message_changes_total",
      help: "Messages edited, deleted, recalled or hidden",
      labelNames: ["kind"],
      registers,
    }),
    sendsRefused: new Counter({
      name: "parley_sends_refused_total",
      help: "Sends refused, by error code",
      labelNames: ["code"],
      registers,
    }),
    sendToAck: new Histogram({
      name: "parley_send_ack_seconds",
      help: "From the arrival of a send to its acknowledgement, of at most one send a millisecond",
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    }),
    commitBatch: new Histogram({
      name: "parley_commit_batch_messages",
      help: "Messages committed in one transaction",
      buckets: [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000],
      registers,
    }),
    commitSeconds: new Histogram({
      name: "parley_commit_seconds",
      help: "Duration of one transaction of the write lane",
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
      registers,
    }),
    laneDepth: new Gauge({ name: "parley_lane_depth", help: "Messages waiting in the write lane", registers }),
    databaseConnections: new Gauge({
      name: "parley_database_connections",
      help: "Connections to Postgres, by what they are for and whether somebody uses them",
      labelNames: ["pool", "state"],
      registers,
    }),
    databaseWaiting: new Gauge({
      name: "parley_database_waiting",
      help: "Those who wait for a connection to Postgres",
      labelNames: ["pool"],
      registers,
    }),
    databaseRefused: new Counter({
      name: "parley_database_refused_total",
      help: "Those who waited too long for a connection to Postgres, or came when too many did",
      labelNames: ["pool"],
      registers,
    }),
    databaseRequests: new Histogram({
      name: "parley_database_request_seconds",
      help: "Round trips to a libSQL server, by whether its answer came",
      labelNames: ["outcome"],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 6],
      registers,
    }),
    replicaReads: new Counter({
      name: "parley_replica_reads_total",
      help: "Reads meant for the replica: done there, or by the primary since it was behind or failed",
      labelNames: ["outcome"],
      registers,
    }),
    databaseClock: new Gauge({
      name: "parley_database_clock_offset_seconds",
      help: "How far this node's clock is ahead of the database's",
      registers,
    }),
    searchBehind: new Gauge({
      name: "parley_search_behind_messages",
      help: "Messages stored and not yet in the search index",
      registers,
    }),
    searchIndexed: new Counter({
      name: "parley_search_indexed_total",
      help: "Messages brought into the search index",
      registers,
    }),
    searchSliceSeconds: new Histogram({
      name: "parley_search_slice_seconds",
      help: "Duration of one transaction of the search index",
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
      registers,
    }),
    searchSeconds: new Histogram({
      name: "parley_search_seconds",
      help: "Duration of a search",
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
      registers,
    }),
    notifications: new Counter({
      name: "parley_notifications_total",
      help: "Notifications stored, by kind",
      labelNames: ["kind"],
      registers,
    }),
    leads: new Gauge({
      name: "parley_leads",
      help: "1 on the node that does what is done once for all nodes, and on a node alone",
      registers,
    }),
    hashesWaiting: new Gauge({ name: "parley_hashes_waiting", help: "Password hashes waiting", registers }),
    httpRequests: new Counter({
      name: "parley_http_requests_total",
      help: "Requests answered, by method and status",
      labelNames: ["method", "status"],
      registers,
    }),
    mailsFailed: new Counter({ name: "parley_mails_failed_total", help: "Mails given up", registers }),
    bridgeState: new Gauge({
      name: "parley_bridge_state",
      help: "1 at the state of the bridge to other nodes: alone, connected or away",
      labelNames: ["state"],
      registers,
    }),
    bridgeCanaryAge: new Gauge({
      name: "parley_bridge_canary_age_seconds",
      help: "Since this node last heard itself over the bridge; an eighth of a second when all is well",
      registers,
    }),
    bridgeChannels: new Gauge({
      name: "parley_bridge_channels",
      help: "Channels of the bridge that this node listens to",
      registers,
    }),
    bridgeNodes: new Gauge({
      name: "parley_bridge_nodes",
      help: "Other nodes: heard of lately, or silent without a farewell",
      labelNames: ["state"],
      registers,
    }),
    nodesUnheard: new Gauge({
      name: "parley_nodes_unheard",
      help: "Other nodes on the same database of which the bridge brings nothing",
      registers,
    }),
    bridgePublished: new Counter({
      name: "parley_bridge_published_total",
      help: "Messages to other nodes that the bridge took",
      registers,
    }),
    bridgeReceived: new Counter({
      name: "parley_bridge_received_total",
      help: "Messages of other nodes",
      registers,
    }),
    bridgeUnreadable: new Counter({
      name: "parley_bridge_unreadable_total",
      help: "Messages of nodes whose version this one does not know",
      registers,
    }),
    bridgeDropped: new Counter({
      name: "parley_bridge_dropped_total",
      help: "Messages to other nodes that the bridge did not take; they are healed from the database",
      registers,
    }),
    bridgeLinksLost: new Counter({
      name: "parley_bridge_links_lost_total",
      help: "Links to the bridge that broke, each followed by another",
      registers,
    }),
    bridgeSilences: new Counter({
      name: "parley_bridge_silences_total",
      help: "Times that the bridge was silent for a moment; until it is heard again, rights are asked of the database",
      registers,
    }),
    bridgeHoles: new Counter({
      name: "parley_bridge_holes_total",
      help: "Times that a room's changes had not arrived and were read from the database, and whether that went well",
      labelNames: ["healed"],
      registers,
    }),
    bridgeHealed: new Counter({
      name: "parley_bridge_healed_events_total",
      help: "Events made from the database in place of what did not arrive",
      registers,
    }),
    bridgePolls: new Counter({
      name: "parley_bridge_polls_total",
      help: "Times that the database was asked for what the bridge may not have brought",
      registers,
    }),
    bridgeRoomsCompared: new Counter({
      name: "parley_bridge_rooms_compared_total",
      help: "Rooms read here that were compared with the database",
      registers,
    }),
    roomReorders: new Counter({
      name: "parley_room_reorders_total",
      help: "Events that came before one of their room which they follow, and waited for it",
      registers,
    }),
    eventLoopLag: new Histogram({
      name: "parley_event_loop_lag_seconds",
      help: "How late a 50 ms timer comes",
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
      registers,
    }),
    memory: new Gauge({
      name: "parley_resident_memory_bytes",
      help: "Resident memory of the process",
      registers,
      collect() {
        this.set(process.memoryUsage.rss());
      },
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
