import type { EventFor, EventPayload } from "../../protocol/events.ts";
import type { Peer } from "../context.ts";
import { leave } from "./arrival.ts";
import { frameOf } from "./frames.ts";
import type { Hub } from "./hub.ts";
import type { Session } from "./session.ts";

/** A bulky answer waits until the peer has taken all but this much of what it was sent before. */
const takenBytes = 64 * 1024;

/** The socket as a command's handler sees it, for one frame: what it sends is part of the answer and repeats `ref`. */
export class Caller implements Peer {
  constructor(
    private readonly hub: Hub,
    private readonly session: Session,
    private readonly ref: string | undefined,
  ) {}

  get viewer() {
    return this.session.viewer;
  }

  watch(roomId: string, rev: number): void {
    const { hub, session } = this;
    hub.egress.inTurn(() => {
      if (session.rooms.has(roomId)) return;
      hub.enter(session, new Map([[roomId, rev]]), undefined);
      if (session.rooms.has(roomId)) session.watched.add(roomId);
    });
  }

  unwatch(roomId: string): void {
    const { hub, session } = this;
    hub.egress.inTurn(() => {
      if (session.isWatching(roomId)) hub.leave(session, roomId);
    });
  }

  lookAt(userIds: readonly string[]): void {
    const { hub, session } = this;
    if (hub.sessions.has(session)) hub.watchers.lookAt(session, userIds);
  }

  setIdle(isIdle: boolean): boolean {
    const { session } = this;
    const presence = isIdle ? "idle" : "used";
    if (session.presence === "none" || session.presence === presence) return false;
    session.presence = presence;
    return true;
  }

  send<N extends EventFor<"socket" | "user">>(type: N, payload: EventPayload<N>): void {
    this.hub.send(this.session, type, payload, this.ref);
  }

  sendTexts(events: readonly { type: EventFor<"socket" | "user">; payload: string; leaves?: string }[]): void {
    const { hub, session, ref } = this;
    const frames = events.map(({ type, payload }) => frameOf(type, payload, hub.now, ref));
    hub.egress.inTurn(() => {
      session.sendAll(frames);
      for (const { leaves } of events) if (leaves !== undefined) leave(hub, session, leaves);
    });
  }

  async drained(): Promise<void> {
    await this.hub.egress.flushed();
    await this.session.untilBufferedBelow(takenBytes);
  }

  renew(expiresAtMs: number): void {
    this.hub.renew(this.session, expiresAtMs);
  }
}
