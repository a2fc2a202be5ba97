import type { Session } from "./session.ts";
import { SocketsOf } from "./sockets-of.ts";

/** Whom a socket watches, and why. */
class Watched {
  readonly friends = new Set<string>();
  /** The others in one's direct rooms, by room. */
  readonly partners = new Map<string, string>();
  /** Whom it asked for. */
  looks = new Set<string>();
  /** How many of these reasons there are, by person. */
  readonly reasons = new Map<string, number>();
}

/** Who on this node watches whom. Who watches nobody costs nothing. */
export class Watchers {
  readonly #of = new SocketsOf<Session>();
  readonly #watched = new Map<Session, Watched>();

  /** The sockets that watch a person. */
  of(userId: string): Iterable<Session> {
    return this.#of.of(userId);
  }

  has(userId: string): boolean {
    return this.#of.has(userId);
  }

  /** Whom a socket watches as its person's friends. */
  friendsOf(session: Session): Iterable<string> {
    return this.#watched.get(session)?.friends ?? [];
  }

  befriend(session: Session, userId: string): void {
    const { friends } = this.#open(session);
    if (!friends.has(userId)) this.#add(session, userId);
    friends.add(userId);
  }

  unfriend(session: Session, userId: string): void {
    if (this.#watched.get(session)?.friends.delete(userId)) this.#remove(session, userId);
  }

  /** They have a direct room with them. */
  meet(session: Session, roomId: string, userId: string): void {
    const { partners } = this.#open(session);
    if (!partners.has(roomId)) this.#add(session, userId);
    partners.set(roomId, userId);
  }

  part(session: Session, roomId: string): void {
    const partners = this.#watched.get(session)?.partners;
    const partner = partners?.get(roomId);
    if (partner !== undefined && partners?.delete(roomId)) this.#remove(session, partner);
  }

  /** Replaces whom it asked for before. */
  lookAt(session: Session, userIds: readonly string[]): void {
    if (userIds.length === 0 && !this.#watched.has(session)) return;
    const watched = this.#open(session);
    const before = watched.looks;
    watched.looks = new Set(userIds);
    for (const userId of watched.looks) this.#add(session, userId);
    for (const userId of before) this.#remove(session, userId);
  }

  /** The socket is gone. */
  forget(session: Session): void {
    for (const userId of this.#watched.get(session)?.reasons.keys() ?? []) this.#of.remove(userId, session);
    this.#watched.delete(session);
  }

  #open(session: Session): Watched {
    let watched = this.#watched.get(session);
    if (!watched) {
      watched = new Watched();
      this.#watched.set(session, watched);
    }
    return watched;
  }

  #add(session: Session, userId: string): void {
    const { reasons } = this.#open(session);
    const count = reasons.get(userId) ?? 0;
    if (count === 0) this.#of.add(userId, session);
    reasons.set(userId, count + 1);
  }

  #remove(session: Session, userId: string): void {
    const { reasons } = this.#open(session);
    const left = (reasons.get(userId) ?? 0) - 1;
    if (left > 0) {
      reasons.set(userId, left);
      return;
    }
    reasons.delete(userId);
    this.#of.remove(userId, session);
    if (reasons.size === 0) this.#watched.delete(session);
  }
}
