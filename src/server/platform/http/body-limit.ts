import type { MiddlewareHandler } from "hono";
import { AppError } from "../app-error.ts";

/** Refuses a body of more than `maxBytes`, announced or not; one of unknown length is read and counted here. */
export function bodyLimit(maxBytes: number): MiddlewareHandler {
  return async (c, next) => {
    const announced = c.req.header("content-length");
    if (announced !== undefined && Number(announced) > maxBytes) throw new AppError("PAYLOAD_TOO_LARGE");
    if (announced === undefined && c.req.raw.body) {
      c.req.raw = new Request(c.req.raw, { method: c.req.method, body: await readAtMost(maxBytes, c.req.raw.body) });
    }
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
