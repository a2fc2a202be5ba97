/** Every libSQL connection that reads or writes rows needs these; they belong to the connection, not to the file. */
export const connectionPragmas = [
  "PRAGMA synchronous = FULL",
  "PRAGMA foreign_keys = ON",
  "PRAGMA cache_size = -65536",
  "PRAGMA temp_store = MEMORY",
  // Checkpoints stall their connection for 40-60 ms: let the lane's Worker do them (DESIGN, Two dialects).
  "PRAGMA wal_autocheckpoint = 10000",
] as const;
