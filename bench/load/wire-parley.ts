import { decimalAt, type Greeting, type Kind, kinds, numberAt, placeholder, type Wire } from "./wire.ts";

const tempIdDigits = 12;
const beforeDigits = placeholder.length - tempIdDigits;
const typeAt = '{"type":"'.length;
const ackTempIdAt = '{"type":"message_ack","payload":{"temp_id":"'.length;
const seqAt = `{"type":"new_message","payload":{"id":"${placeholder}","room_id":"${placeholder}","seq":`.length;
const afterTempId = '"},"timestamp":"2026-01-01T00:00:00.000Z"}'.length;

const letter = (text: string) => text.charCodeAt(0);
const a = letter("a");
const n = letter("n");
const m = letter("m");
const e = letter("e");
const r = letter("r");

/** Parley's protocol. */
export const parleyWire: Wire = {
  upgrade: ({ token }) => ({ path: "/ws", headers: { "Sec-WebSocket-Protocol": `parley.v1, bearer.${token}` } }),
  opening: () => [],
  greet: (_seat, text): Greeting => (text.startsWith('{"type":"ready"') ? "ready" : { say: [] }),
  message: ({ rooms }, content) =>
    JSON.stringify({ type: "send_message", payload: { room_id: rooms[0], content, temp_id: placeholder } }),

  kind(bytes, from): Kind {
    const first = bytes[from + typeAt];
    if (first === n && bytes[from + typeAt + 1] === e) return kinds.delivery;
    if (first === m && bytes[from + typeAt + "message_".length] === a) return kinds.ack;
    if (first === e && bytes[from + typeAt + 1] === r) return kinds.refusal;
    return kinds.other;
  },
  number(kind, bytes, from, to) {
    if (kind === kinds.delivery) return decimalAt(bytes, to - afterTempId - tempIdDigits, tempIdDigits);
    if (kind === kinds.ack) return decimalAt(bytes, from + ackTempIdAt + beforeDigits, tempIdDigits);
    const tempId = /"temp_id":"([^"]*)"/.exec(bytes.toString("utf8", from, to))?.[1];
    return tempId === undefined ? -1 : Number(tempId.slice(-tempIdDigits));
  },
  seq: (bytes, from) => numberAt(bytes, from + seqAt),
  code: (bytes, from, to) => /"code":"([A-Z_]*)"/.exec(bytes.toString("utf8", from, to))?.[1] ?? "unknown",
};

/** The same frames, from peers without accounts: they learn the rooms from the address. */
export const relayWire: Wire = {
  ...parleyWire,
  upgrade: ({ rooms, username }) => ({ path: `/ws?name=${username}&rooms=${rooms.join(",")}`, headers: {} }),
};
