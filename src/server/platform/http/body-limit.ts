import type { MiddlewareHandler } from "hono";
import { AppError } from "../app-error.ts";

/**
 * Reads the body, and refuses one of more than `maxBytes`, announced or not. `whenRead` is told when the request is
 * whole: until then a peer that dawdles is cut off soon, from then on it is ours to take time.
 */
export function bodyLimit(maxBytes: number, whenRead: (request: Request) => void): MiddlewareHandler {
  return async (c, next) => {
    const { raw } = c.req;
    const announced = c.req.header("content-length");
    if (announced !== undefined && Number(announced) > maxBytes) throw new AppError("PAYLOAD_TOO_LARGE");
    if (announced === undefined && raw.body) {
      c.req.raw = new Request(raw, { method: c.req.method, body: await readAtMost(maxBytes, raw.body) });
    }
    // Kept by Hono for who asks for the body later.
    if (raw.body) await c.req.text();
    whenRead(raw);
    await next();
  };
}

async function readAtMost(maxBytes: number, stream: ReadableStream<Uint8Array>): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new AppError("PAYLOAD_TOO_LARGE");
    chunks.push(new Uint8Array(chunk));
  }
  return new Blob(chunks);
}
