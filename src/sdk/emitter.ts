import type { EventName, EventSeen, ServerFrame } from "../protocol/events.ts";

type Handler<N extends EventName> = (payload: EventSeen<N>, frame: ServerFrame) => void;

/** Handlers by kind of frame. */
export class Emitter {
  readonly #handlers = new Map<EventName, Set<(payload: never, frame: ServerFrame) => void>>();

  on<N extends EventName>(event: N, handler: Handler<N>): () => void {
    const handlers = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, handlers.add(handler));
    return () => void handlers.delete(handler);
  }

  emit(frame: ServerFrame): void {
    callEach(this.#handlers.get(frame.type) ?? [], frame.payload as never, frame);
  }
}

/** Calls every handler. One that throws is its program's to hear of, and not the connection's to die of. */
export function callEach<Args extends unknown[]>(
  handlers: Iterable<(...args: Args) => void>,
  ...args: NoInfer<Args>
): void {
  for (const handler of handlers) {
    try {
      handler(...args);
    } catch (error) {
      reportError(error);
    }
  }
}
