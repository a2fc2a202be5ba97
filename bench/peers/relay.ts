/**
 * The ceiling: what Bun's own server does when a chat is nothing but parsing, an id, a number, serialising and
 * publishing. No accounts, no checks, nothing stored. Same frames as Parley's.
 */
interface Data {
  name: string;
  rooms: string[];
}

interface Sent {
  payload: { room_id: string; content: string; temp_id: string };
}

const seqs = new Map<string, number>();

const server = Bun.serve<Data>({
  hostname: "0.0.0.0",
  port: 0,
  fetch(request, server) {
    const { searchParams } = new URL(request.url);
    const data = { name: searchParams.get("name") ?? "", rooms: (searchParams.get("rooms") ?? "").split(",") };
    return server.upgrade(request, { data }) ? undefined : new Response(null, { status: 400 });
  },
  websocket: {
    perMessageDeflate: false,
    open(ws) {
      for (const room of ws.data.rooms) ws.subscribe(room);
      ws.send('{"type":"ready"}');
    },
    message(ws, text) {
      const { room_id, content, temp_id } = (JSON.parse(String(text)) as Sent).payload;
      const seq = (seqs.get(room_id) ?? 0) + 1;
      seqs.set(room_id, seq);
      const id = Bun.randomUUIDv7();
      const created_at = new Date().toISOString();
      const sender = { id, username: ws.data.name, display_name: ws.data.name, avatar_url: null };
      const message = { id, room_id, seq, rev: seq, sender, content, created_at, temp_id };
      const ack = { temp_id, id, room_id, seq, rev: seq, created_at };
      ws.send(JSON.stringify({ type: "message_ack", payload: ack, timestamp: created_at }));
      server.publish(room_id, JSON.stringify({ type: "new_message", payload: message, timestamp: created_at }));
    },
  },
});
console.log(JSON.stringify({ msg: "ready", url: server.url.href }));
