import { decimalAt, type Greeting, type Kind, kinds, numberAt, placeholder, type Wire } from "./wire.ts";

const tempIdDigits = 12;
/** The server gives an ack the id of its message; one is as good as another, and all as long keep the places fixed. */
const ackId = "10000";
const ackNumberAt = `43${ackId}[{"temp_id":"`.length + placeholder.length - tempIdDigits;
const seqAt = `42["new_message",{"id":"${placeholder}","room_id":"${placeholder}","seq":`.length;
const afterTempId = '"}]'.length;

const message = "4".charCodeAt(0);
const event = "2".charCodeAt(0);
const ack = "3".charCodeAt(0);
const n = "n".charCodeAt(0);

/** Socket.IO 4 over Engine.IO 4, on a WebSocket from the beginning. */
export const socketIoWire: Wire = {
  upgrade: () => ({ path: "/socket.io/?EIO=4&transport=websocket", headers: {} }),
  opening: () => [],
  greet({ username, rooms }, text): Greeting {
    if (text.startsWith("0{")) return { say: [`40${JSON.stringify({ name: username, rooms })}`] };
    if (text === "2") return { say: ["3"] };
    if (text.startsWith("44")) throw new Error(`Socket.IO refused a client: ${text}`);
    return text.startsWith('42["ready"') ? "ready" : { say: [] };
  },
  message: ({ rooms }, content) =>
    `42${ackId}${JSON.stringify(["send_message", { room_id: rooms[0], content, temp_id: placeholder }])}`,

  kind(bytes, from): Kind {
    if (bytes[from] !== message) return kinds.other;
    const second = bytes[from + 1];
    if (second === event && bytes[from + '42["'.length] === n) return kinds.delivery;
    return second === ack ? kinds.ack : kinds.other;
  },
  number(kind, bytes, from, to) {
    const at = kind === kinds.delivery ? to - afterTempId - tempIdDigits : from + ackNumberAt;
    return decimalAt(bytes, at, tempIdDigits);
  },
  seq: (bytes, from) => numberAt(bytes, from + seqAt),
  code: () => "unknown",
  // Engine.IO's heartbeat: a ping is answered with a pong.
  reply: (bytes, from, to) => (to - from === 1 && bytes[from] === event ? "3" : undefined),
};
