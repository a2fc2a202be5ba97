import { createServer } from "node:http";
import { Server } from "socket.io";
import { chat } from "./socket-io.ts";

/** Socket.IO on Node, with its defaults but for the transport. */
const http = createServer();
chat(new Server(http, { transports: ["websocket"] }));
http.listen(0, "0.0.0.0", () => {
  const address = http.address();
  const port = typeof address === "object" ? address?.port : undefined;
  console.log(JSON.stringify({ msg: "ready", url: `http://127.0.0.1:${port}/` }));
});
