import { errorText } from "../../protocol/errors.ts";
import type { CommandName } from "../../protocol/commands.ts";
import type { Clock } from "../platform/clock.ts";
import { overloaded } from "../platform/db/write-lane.ts";
import type { Egress } from "./egress.ts";
import { frameOf } from "./frames.ts";
import type { Session } from "./session.ts";

/** Nobody is to try again within the second: a refusal may wait so long for others to the same socket. */
const togetherMs = 20;

/** A send that is refused at a glance. */
export interface Shed {
  type: CommandName;
  ref: string | undefined;
  tempId: string | undefined;
}

/**
 * Refuses sends with `UNAVAILABLE` while there is no room for them. What that costs decides how much is still stored, and
 * most of it is the system call: so the refusals of 20 ms go out together, and are put into words by hand.
 */
export class SendShedder {
  #refused = new Map<Session, string[]>();
  #count = 0;

  constructor(
    private readonly clock: Clock,
    private readonly egress: Egress,
  ) {}

  refuse(session: Session, { type, ref, tempId }: Shed): void {
    this.#count++;
    const message = JSON.stringify(errorText(overloaded.code, session.language));
    const repeated = tempId === undefined ? "" : `"temp_id":${JSON.stringify(tempId)},`;
    const payload = `{"code":"${overloaded.code}","message":${message},"request_type":"${type}",${repeated}"retry_after_ms":${overloaded.retryAfterMs}}`;
    const text = frameOf("error", payload, this.clock.now(), ref);
    const others = this.#refused.get(session);
    if (others) others.push(text);
    else this.#refused.set(session, [text]);
    if (this.#refused.size === 1 && !others) this.clock.after(togetherMs, () => this.#tell());
  }

  /** How many since the last call. */
  takeCount(): number {
    const count = this.#count;
    this.#count = 0;
    return count;
  }

  #tell(): void {
    const refused = this.#refused;
    this.#refused = new Map();
    this.egress.inTurnGathering(() => {
      for (const [session, frames] of refused) for (const text of frames) this.egress.gather(session, text);
    });
  }
}
