/** The sockets of each person. Nearly everybody has one: a set for each of these would be most of what they cost here. */
export class SocketsOf<S extends object> {
  readonly #byUser = new Map<string, S | Set<S>>();

  /** A person's sockets, the oldest first. */
  of(userId: string): Iterable<S> {
    const own = this.#byUser.get(userId);
    return own instanceof Set ? own : own ? [own] : [];
  }

  has(userId: string): boolean {
    return this.#byUser.has(userId);
  }

  /** Gives how many the person has now. */
  add(userId: string, socket: S): number {
    const known = this.#byUser.get(userId);
    if (!known) {
      this.#byUser.set(userId, socket);
      return 1;
    }
    const own = known instanceof Set ? known : new Set([known]);
    this.#byUser.set(userId, own.add(socket));
    return own.size;
  }

  /** Whether that was the person's last. */
  remove(userId: string, socket: S): boolean {
    const own = this.#byUser.get(userId);
    if (own instanceof Set) {
      own.delete(socket);
      if (own.size > 0) return false;
    } else if (own !== socket) return false;
    return this.#byUser.delete(userId);
  }
}
