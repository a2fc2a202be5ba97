import { clientFrame, commands, type CommandName, type CommandPayload } from "../../protocol/commands.ts";
import { errorText, type ErrorCode } from "../../protocol/errors.ts";
import type { EventPayload } from "../../protocol/events.ts";
import { limits } from "../../protocol/limits.ts";
import { accountCommands } from "../accounts/commands.ts";
import type { CommandHandlers, Committing, Context, Peer } from "../context.ts";
import { directCommands } from "../directs/commands.ts";
import { messageCommands } from "../messages/commands.ts";
import { AppError, invalid } from "../platform/app-error.ts";
import { wireTime } from "../platform/clock.ts";
import type { Rate } from "../platform/limits/limits.ts";
import { refusalOf } from "../platform/refusal.ts";
import type { Settle } from "../platform/settle.ts";
import { presenceCommands } from "../presence/commands.ts";
import { roomCommands } from "../rooms/commands.ts";
import { issueDetails } from "../route.ts";
import { lane } from "../timeline/lane.ts";
import { Caller } from "./caller.ts";
import type { Hub } from "./hub.ts";
import type { Received } from "./inbox.ts";
import { sync } from "./resume.ts";
import type { Session } from "./session.ts";
import type { Shed } from "./shed.ts";

/** A command without a handler fails the type check here. */
const handlers: CommandHandlers = {
  ...accountCommands,
  ...roomCommands,
  ...messageCommands,
  ...presenceCommands,
  ...directCommands,
  sync,
  ping: async (ctx) => ({ server_time: wireTime(ctx.clock.now()) }),
};

/** Per socket. Sends are counted by their verb, per person, over sockets and HTTP together. */
const rates: Record<"command" | "sync", Rate> = {
  command: { perSecond: 20, burst: 60 },
  sync: { perSecond: 2, burst: 10 },
};

/** What an answer repeats of the frame that it answers. */
interface Request {
  type: CommandName | null;
  ref: string | undefined;
  tempId: string | undefined;
}

/** Answers one frame of a client. Gives a promise, which never rejects, only where something has to be waited for. */
export function dispatch(
  ctx: Context,
  hub: Hub,
  session: Session,
  { text, atMs }: Received,
): Promise<void> | undefined {
  const { request, payload, violation } = readFrame(text);
  hub.countReceived(request.type);
  const { inbox } = session;
  if (violation || request.type === null) return refuseViolation(ctx, hub, session, request, violation);
  const work = { ctx, hub, session, request, type: request.type, payload, atMs };
  // Sends may overlap with one another; whatever else comes finds everything before it done.
  const before = commands[request.type].answer === "message_ack" ? inbox.room() : inbox.quiet();
  return before ? before.then(() => perform(work)) : perform(work);
}

async function refuseViolation(
  ctx: Context,
  hub: Hub,
  session: Session,
  request: Request,
  violation: unknown,
): Promise<void> {
  await session.inbox.quiet();
  answerError(ctx, hub, session, request, violation);
  if (session.violations.count(ctx.clock.now())) hub.closeAfterwards(session, 1008);
}

/** A frame that was understood. */
interface Work {
  ctx: Context;
  hub: Hub;
  session: Session;
  request: Request;
  type: CommandName;
  payload: CommandPayload<CommandName>;
  atMs: number;
}

function perform(work: Work): Promise<void> | undefined {
  const { ctx, hub, session, request, type, payload } = work;
  try {
    const { limiter, who } = commands[type];
    if (session.closeCode !== undefined) return undefined;
    if (who === "user" && !session.viewer) throw new AppError("UNAUTHENTICATED");
    if (limiter === "command" || limiter === "sync") ctx.limits.demand(limiter, session.id, rates[limiter]);
    const outcome = call(ctx, type, new Caller(hub, session, request.ref), payload);
    if (!(outcome instanceof Promise)) {
      answerLater(work, outcome);
      return undefined;
    }
    return outcome.then(
      (result) => (isCommitting(result) ? answerLater(work, result) : answerTold(work, result)),
      (error: unknown) => refuseInTurn(work, error),
    );
  } catch (error) {
    return refuseInTurn(work, error);
  }
}

/** Not before other nodes were told what it changed: what is asked next may be asked there. */
function answerTold(work: Work, result: unknown): Promise<void> | void {
  const telling = work.ctx.publish.told();
  return telling ? telling.then(() => answer(work, result)) : answer(work, result);
}

function answer({ ctx, hub, session, request, type, atMs }: Work, result: unknown): void {
  const event = commands[type].answer;
  if (event !== null) hub.send(session, event, result as EventPayload<typeof event>, request.ref);
  if (event === "message_ack") timeSend(ctx, hub, atMs);
}

/** At most one send a millisecond: counting each would cost as much as checking it. */
function timeSend(ctx: Context, hub: Hub, atMs: number): void {
  const nowMs = performance.now();
  if (nowMs - hub.sendTimedAtMs < 1) return;
  hub.sendTimedAtMs = nowMs;
  ctx.metrics.sendToAck.observe((nowMs - atMs) / 1_000);
}

/** The frames that follow go on meanwhile. */
function answerLater(work: Work, committing: Committing<unknown>): void {
  work.session.inbox.beginOverlap();
  committing.commit(new LaterAnswer(work));
}

/** An object for all it takes, where thousands wait at once: closures would be five. */
class LaterAnswer implements Settle<unknown> {
  constructor(private readonly work: Work) {}

  done(result: unknown): void {
    answer(this.work, result);
    this.work.session.inbox.endOverlap();
  }

  failed(error: unknown): void {
    const { ctx, hub, session, request } = this.work;
    answerError(ctx, hub, session, request, error);
    session.inbox.endOverlap();
  }
}

/** Not before the answers to the sends that came before it. */
async function refuseInTurn({ ctx, hub, session, request }: Work, error: unknown): Promise<void> {
  await session.inbox.quiet();
  answerError(ctx, hub, session, request, error);
}

/** Refuses a frame that there was no room for, without looking at what it asks. */
export function refuseUnread(ctx: Context, hub: Hub, session: Session, text: string, code: ErrorCode): void {
  answerError(ctx, hub, session, readFrame(text).request, new AppError(code, { retryAfterMs: 1_000 }));
}

function call<N extends CommandName>(
  ctx: Context,
  type: N,
  peer: Peer,
  payload: CommandPayload<N>,
): Promise<unknown> | Committing<unknown> {
  const handler: CommandHandlers[N] = handlers[type];
  return handler(ctx, peer, payload);
}

function isCommitting(outcome: unknown): outcome is Committing<unknown> {
  return typeof outcome === "object" && outcome !== null && "commit" in outcome;
}

/**
 * Refuses a send with `UNAVAILABLE` while the write lane is full; false when it is not, or the frame is something else.
 * At a glance: under a flood, what refusing costs decides how much is still stored, and a frame that is to be refused
 * need not be right.
 */
export function shedSend(ctx: Context, hub: Hub, session: Session, text: string): boolean {
  if (!lane(ctx).isFull) return false;
  const request = glance(text);
  if (!request || commands[request.type].answer !== "message_ack") return false;
  hub.countReceived(request.type);
  hub.shedder.refuse(session, request);
  return true;
}

function glance(text: string): Shed | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null || !("type" in json) || !("payload" in json)) return undefined;
  const { type, payload } = json;
  if (typeof type !== "string" || !isCommand(type)) return undefined;
  return { type, ref: refOf(json), tempId: tempIdOf(payload) };
}

/** The frame as the registry knows it, or what is wrong with it and as much of it as an answer can repeat. */
function readFrame(text: string) {
  const request: Request = { type: null, ref: undefined, tempId: undefined };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { request, violation: invalid("", "must be JSON") };
  }
  request.ref = refOf(json);
  const envelope = clientFrame.safeParse(json);
  if (!envelope.success) {
    return { request, violation: new AppError("VALIDATION_ERROR", { details: issueDetails(envelope.error) }) };
  }
  const { type, payload = {} } = envelope.data;
  if (!isCommand(type)) return { request, violation: invalid("type", "is not known") };
  request.type = type;
  if (commands[type].answer === "message_ack") request.tempId = tempIdOf(payload);
  const parsed = commands[type].payload.safeParse(payload);
  if (!parsed.success) {
    return { request, violation: new AppError("VALIDATION_ERROR", { details: issueDetails(parsed.error) }) };
  }
  return { request, payload: parsed.data as CommandPayload<CommandName>, violation: undefined };
}

function isCommand(type: string): type is CommandName {
  return Object.hasOwn(commands, type);
}

/** `temp_id` and `ref` are repeated also where the rest of the frame is wrong. */
function shortText(value: unknown, max: number): string | undefined {
  return typeof value === "string" && value.length <= max ? value : undefined;
}

function refOf(json: unknown): string | undefined {
  return typeof json === "object" && json !== null && "ref" in json ? shortText(json.ref, limits.refChars) : undefined;
}

function tempIdOf(payload: unknown): string | undefined {
  const isObject = typeof payload === "object" && payload !== null;
  return isObject && "temp_id" in payload ? shortText(payload.temp_id, limits.tempIdChars) : undefined;
}

function answerError(ctx: Context, hub: Hub, session: Session, request: Request, error: unknown): void {
  const { type, ref, tempId } = request;
  const refusal = refusalOf(error, ctx.log, { frame: type, socket: session.id });
  const { code, details, values, retryAfterMs } = refusal;
  const payload = {
    code,
    message: errorText(code, session.language, values),
    request_type: type,
    ...(tempId !== undefined && { temp_id: tempId }),
    ...(details && { details }),
    ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
  };
  hub.send(session, "error", payload, ref);
  if (code === "RATE_LIMITED" && session.refusals.count(ctx.clock.now())) hub.closeAfterwards(session, 4029);
}
