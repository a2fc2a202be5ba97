import { nextSeq, record, type Sender, type Sent } from "./message.ts";

/**
 * The ceiling: what Bun's own server does when a chat is nothing but parsing, an id, a number, serialising and
 * publishing. No accounts, no checks, nothing stored. Its frames have the fields of Parley's, so that both send as many
 * bytes.
 */
interface Data extends Sender {
  rooms: string[];
}

const server = Bun.serve<Data>({
  hostname: "0.0.0.0",
  port: 0,
  fetch(request, server) {
    const { searchParams } = new URL(request.url);
    const data = {
      id: Bun.randomUUIDv7(),
      name: searchParams.get("name") ?? "",
      rooms: (searchParams.get("rooms") ?? "").split(","),
    };
    return server.upgrade(request, { data }) ? undefined : new Response(null, { status: 400 });
  },
  websocket: {
    perMessageDeflate: false,
    open(ws) {
      for (const room of ws.data.rooms) ws.subscribe(room);
      ws.send('{"type":"ready"}');
    },
    message(ws, text) {
      const sent = (JSON.parse(String(text)) as { payload: Sent }).payload;
      const { ack, message } = record(sent, nextSeq(sent.room_id), Bun.randomUUIDv7(), ws.data);
      const timestamp = ack.created_at;
      ws.send(JSON.stringify({ type: "message_ack", payload: ack, timestamp }));
      server.publish(sent.room_id, JSON.stringify({ type: "new_message", payload: message, timestamp }));
    },
  },
});
console.log(JSON.stringify({ msg: "ready", url: server.url.href }));
