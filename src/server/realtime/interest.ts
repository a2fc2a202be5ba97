/** Follows of which rooms and people this node has sockets, so that it hears of no others from other nodes. */
export interface Interest {
  begin(kind: "room" | "user", id: string): void;
  end(kind: "room" | "user", id: string): void;
  /** Resolves when what is published for these people from now on is heard here; `undefined`: it is already. */
  heard(userIds: readonly string[]): Promise<unknown> | undefined;
  /**
   * Called when what other nodes publish for a room is heard from now on, or (`undefined`) what they tell all. What they
   * published before was not: this is to be read from the database.
   */
  onLive(roomId: string | undefined): void;
  /** Called when another node could not tell a person what it had to. */
  onMissed(userId: string): void;
}

/** Of a node that has no others. */
export const noInterest: Interest = { begin() {}, end() {}, heard: () => undefined, onLive() {}, onMissed() {} };
