import { decimalAt, type Greeting, type Kind, kinds, placeholder, type Wire } from "./wire.ts";

/** What `bench/peer-ejabberd.ts` configures. */
const host = "localhost";
const service = `conference.${host}`;
const resource = "b";

const tempIdDigits = 12;
/** All names are as long, so that everything stands in the same place. */
const nameBytes = 10;
const toAt = "<message xmlns='jabber:client' xml:lang='en' to='".length;
const nickAt = toAt + `${"n".repeat(nameBytes)}@${host}/${resource}' from='${placeholder}@${service}/`.length;
const idAt = nickAt + nameBytes + "' type='groupchat' id='".length;
const numberAt = idAt + placeholder.length - tempIdDigits;

/** Only a message with our `id` has a dash here; subjects, presences and answers are shorter or other. */
const dashAt = idAt + placeholder.indexOf("-");
const dash = "-".charCodeAt(0);
const m = "m".charCodeAt(0);

const open = `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='${host}' version='1.0'/>`;

const join = (room: string, name: string) =>
  `<presence xmlns='jabber:client' to='${room}@${service}/${name}'>` +
  `<x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>`;

/** XMPP over WebSocket (RFC 7395): a room reflects every message to all of its people, also to its sender. */
export const xmppWire: Wire = {
  upgrade: () => ({ path: "/ws", headers: { "Sec-WebSocket-Protocol": "xmpp" } }),
  opening({ username }) {
    if (username.length !== nameBytes) throw new Error(`the name ${username} has not ${nameBytes} letters`);
    return [open];
  },
  greet({ username, rooms }, text): Greeting {
    if (text.includes("type='error'") || text.startsWith("<failure") || text.startsWith("<close")) {
      throw new Error(`ejabberd refused a client: ${text}`);
    }
    if (text.includes("<mechanism>")) {
      const secret = Buffer.from(`\0${username}\0any`).toString("base64");
      return { say: [`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`] };
    }
    if (text.startsWith("<success")) return { say: [open] };
    if (text.startsWith("<stream:features")) {
      const bind = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind>`;
      return { say: [`<iq xmlns='jabber:client' type='set' id='bind'>${bind}</iq>`] };
    }
    if (text.startsWith("<iq") && text.includes("id='bind'")) return { say: [join(rooms[0] ?? "", username)] };
    // One's own presence comes last when one joins: the next room then, or none is left.
    if (!text.includes("<status code='110'/>")) return { say: [] };
    const next = rooms[rooms.findIndex((room) => text.includes(` from='${room}@`)) + 1];
    return next === undefined ? "ready" : { say: [join(next, username)] };
  },
  message: ({ rooms }, content) =>
    `<message xmlns='jabber:client' type='groupchat' to='${rooms[0]}@${service}' id='${placeholder}'>` +
    `<body>${content}</body></message>`,

  kind(bytes, from, to): Kind {
    if (bytes[from + 1] !== m || from + idAt > to || bytes[from + dashAt] !== dash) {
      const isError = bytes[from + 1] === m && bytes.toString("latin1", from, to).includes("type='error'");
      return isError ? kinds.refusal : kinds.other;
    }
    // From the end: the names differ there.
    for (let index = nameBytes - 1; index >= 0; index--) {
      if (bytes[from + toAt + index] !== bytes[from + nickAt + index]) return kinds.delivery;
    }
    return kinds.reflection;
  },
  number(kind, bytes, from, to) {
    if (kind !== kinds.refusal) return decimalAt(bytes, from + numberAt, tempIdDigits);
    const id = / id='([^']*)'/.exec(bytes.toString("latin1", from, to))?.[1];
    return id === undefined ? -1 : Number(id.slice(-tempIdDigits));
  },
  // The archive's ids are times.
  seq: () => undefined,
  code: (bytes, from, to) => /<error [^>]*><([a-z-]+)/.exec(bytes.toString("latin1", from, to))?.[1] ?? "unknown",
};
