/** Every libSQL connection that reads or writes rows needs these; they belong to the connection, not to the file. */
export const connectionPragmas = [
  "PRAGMA synchronous = FULL",
  "PRAGMA foreign_keys = ON",
  "PRAGMA cache_size = -65536",
  "PRAGMA temp_store = MEMORY",
  // In pages. Checkpoints stall their connection for 15-60 ms: whoever writes beside the lane leaves them to its Worker,
  // unless that one has nothing to do (DESIGN, Two dialects).
  "PRAGMA wal_autocheckpoint = 20000",
] as const;

/** The lane's connection, in a thread of its own, needs these as well. */
export const lanePragmas = [...connectionPragmas, "PRAGMA wal_autocheckpoint = 10000"] as const;
