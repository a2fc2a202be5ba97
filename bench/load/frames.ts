/** WebSocket frames (RFC 6455) with the least work: the mask is there, as a client's must be, and all zeros. */

const textFrame = 0x81;

/** A masked text frame; `payloadAt` is where its payload begins. */
export function clientFrame(payload: string): { bytes: Buffer; payloadAt: number } {
  const body = Buffer.from(payload);
  const header =
    body.length < 126
      ? Buffer.from([textFrame, 0x80 | body.length])
      : Buffer.from([textFrame, 0x80 | 126, body.length >> 8, body.length & 255]);
  if (body.length > 65_535) throw new Error("a client's frame has at most 65,535 bytes");
  const payloadAt = header.length + 4;
  return { bytes: Buffer.concat([header, Buffer.alloc(4), body]), payloadAt };
}

/** A pong with the payload of a ping. */
export function pongFrame(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x8a, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

/** Who gets what a {@link FrameReader} finds. */
export interface FrameSink {
  /** A text frame: its payload is `bytes` from `from` to `to`, valid during this call only. */
  text(bytes: Buffer, from: number, to: number): void;
  ping(payload: Buffer): void;
  close(code: number): void;
}

/** Cuts a byte stream of a server into frames, across chunks. */
export class FrameReader {
  #rest: Buffer | undefined;

  read(chunk: Buffer, sink: FrameSink): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    const end = bytes.length;
    let at = 0;
    while (end - at >= 2) {
      let length = (bytes[at + 1] ?? 0) & 127;
      let body = at + 2;
      if (length === 126) {
        if (end - at < 4) break;
        length = bytes.readUInt16BE(at + 2);
        body = at + 4;
      } else if (length === 127) {
        if (end - at < 10) break;
        length = bytes.readUInt32BE(at + 6);
        body = at + 10;
      }
      if (body + length > end) break;
      const opcode = (bytes[at] ?? 0) & 15;
      if (opcode === 1) sink.text(bytes, body, body + length);
      else if (opcode === 9) sink.ping(Buffer.from(bytes.subarray(body, body + length)));
      else if (opcode === 8) sink.close(length >= 2 ? bytes.readUInt16BE(body) : 1005);
      at = body + length;
    }
    // A copy: the chunk's memory belongs to the socket.
    this.#rest = at < end ? Buffer.from(bytes.subarray(at)) : undefined;
  }
}
