/** Bounds that clients may rely on (CONTRACT, Limits). Lengths are Unicode code points unless they say bytes. */
export const limits = {
  /** Kinds of reactions that one message may have. */
  reactionKinds: 20,
  pinsPerRoom: 50,
  messageChars: 4_000,
  roomNameChars: 100,
  roomDescriptionChars: 500,
  roomMembers: 500,
  displayNameChars: 100,
  bioChars: 500,
  statusTextChars: 256,
  usernameMinChars: 3,
  usernameMaxChars: 32,
  emailChars: 254,
  passwordMinChars: 8,
  passwordMaxChars: 128,
  deviceNameChars: 100,
  tempIdChars: 64,
  refChars: 64,
  pageDefault: 50,
  pageMax: 100,
  searchChars: 200,
  changesPerRoom: 500,
  roomsPerSync: 200,
  membersPerRequest: 100,
  invitesPerRoom: 100,
  banReasonChars: 500,
  slowModeMaxS: 3_600,
  watchedPeople: 500,
  unreadMax: 100,
  /** People whom one message can name. */
  mentionsPerMessage: 50,
  /** What a reply shows of the message it answers. */
  quotationChars: 200,
  /** How long one may take a message back. */
  recallWindowMs: 120_000,
  /** Former wordings of a message that are shown, the latest. */
  versionsShown: 100,
  /** Messages that one person can delete for themselves alone. */
  hiddenMessages: 50_000,
  /** Notifications kept of a person, and for how long. */
  notificationsKept: 1_000,
  notificationDays: 90,
  /** What a notification shows of a message. */
  excerptChars: 200,
  friends: 5_000,
  blocks: 5_000,
  /** Requests that wait for an answer: those one has sent, and those one was sent. */
  requestsOutgoing: 100,
  requestsIncoming: 1_000,
  requestMessageChars: 200,
  clientFrameBytes: 64 * 1024,
  bodyBytes: 1024 * 1024,
  socketsPerUser: 5,
  messagesPerSecond: 10,
  messageBurst: 20,
  /** Rooms above this many members hear no joins, leaves, typing or receipts. */
  broadcastMembers: 500,
  /** Rooms up to this many members tell how far one's own messages have come, and where everybody's cursors are. */
  statusMembers: 100,
  /** Rooms up to this many members get system lines for joins and leaves. */
  systemLineMembers: 100,
} as const;

/** Heartbeat of a socket, in seconds: the client pings, expects the pong, and is closed when silent. */
export const heartbeat = { pingEveryS: 30, pongWithinS: 10, silentForS: 60 } as const;
