/** Every libSQL connection that reads or writes rows needs these; they belong to the connection, not to the file. */
export const connectionPragmas = [
  "PRAGMA synchronous = FULL",
  "PRAGMA foreign_keys = ON",
  // KiB. Behind it is the system's own cache: pages of a million messages were read as fast as with 8 or 64 MB.
  "PRAGMA cache_size = -2048",
  "PRAGMA temp_store = MEMORY",
  // In pages. Checkpoints stall their connection for 15-60 ms: whoever writes beside the lane leaves them to its Worker,
  // unless that one has nothing to do (DESIGN, Two dialects).
  "PRAGMA wal_autocheckpoint = 20000",
] as const;

/** The lane's connection, in a thread of its own, needs these as well: what it writes touches the same pages again. */
export const lanePragmas = [
  ...connectionPragmas,
  "PRAGMA cache_size = -65536",
  "PRAGMA wal_autocheckpoint = 10000",
] as const;
