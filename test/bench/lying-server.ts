import { nextSeq, record } from "../../bench/peers/message.ts";

/** What a server does with every hundredth message; `honest`: nothing but its work. */
export type Lie =
  | "honest"
  | "loses it"
  | "loses it for one member"
  | "delivers it twice"
  | "delivers it after the next"
  | "delivers the one before in its place"
  | "answers it twice"
  | "never answers it"
  | "answers somebody else";

interface Data {
  name: string;
  room: string;
}

const everyNth = 100;

/** A relay that speaks Parley's frames, and lies. */
export function startLyingServer(lie: Lie) {
  let [count, published] = [0, ""];
  let held: (() => void) | undefined;
  const sockets = new Set<Bun.ServerWebSocket<Data>>();
  const server = Bun.serve<Data>({
    port: 0,
    fetch(request, server) {
      const { searchParams } = new URL(request.url);
      const data = { name: searchParams.get("name") ?? "", room: searchParams.get("rooms") ?? "" };
      return server.upgrade(request, { data }) ? undefined : new Response(null, { status: 400 });
    },
    websocket: {
      open(ws) {
        ws.subscribe(ws.data.room);
        sockets.add(ws);
        ws.send('{"type":"ready"}');
      },
      message(ws, text) {
        const sent = JSON.parse(String(text)).payload;
        const tells = ++count % everyNth === 0 ? lie : "honest";
        const seq = nextSeq(sent.room_id);
        const { ack, message } = record(sent, seq, Bun.randomUUIDv7(), { id: "0", name: ws.data.name });
        const timestamp = ack.created_at;
        const answer = JSON.stringify({ type: "message_ack", payload: ack, timestamp });
        const others = [...sockets].filter((other) => other !== ws);
        const publish = (body: string) => server.publish(sent.room_id, body);
        const body = JSON.stringify({ type: "new_message", payload: message, timestamp });

        if (tells === "answers somebody else") others[0]?.send(answer);
        else if (tells !== "never answers it") ws.send(answer);
        if (tells === "answers it twice") ws.send(answer);

        if (tells === "delivers it after the next") {
          held = () => publish(body);
          return;
        }
        if (tells === "loses it for one member") ws.send(body);
        else if (tells === "delivers the one before in its place") {
          publish(published.replace(/"seq":\d+,/, `"seq":${seq},`));
        } else if (tells !== "loses it") publish(body);
        if (tells === "delivers it twice") publish(body);
        published = body;
        held?.();
        held = undefined;
      },
    },
  });
  return server;
}
