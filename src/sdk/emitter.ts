import type { EventName, EventPayload, ServerFrame } from "../protocol/events.ts";

type Handler<N extends EventName> = (payload: EventPayload<N>, frame: ServerFrame) => void;

/** Handlers by kind of frame. */
export class Emitter {
  readonly #handlers = new Map<EventName, Set<(payload: never, frame: ServerFrame) => void>>();

  on<N extends EventName>(event: N, handler: Handler<N>): () => void {
    const handlers = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, handlers.add(handler));
    return () => void handlers.delete(handler);
  }

  emit(frame: ServerFrame): void {
    for (const handler of this.#handlers.get(frame.type) ?? []) {
      try {
        handler(frame.payload as never, frame);
      } catch (error) {
        // A handler's fault is its program's to hear of, and not the connection's to die of.
        reportError(error);
      }
    }
  }
}
