import { Server as Engine } from "@socket.io/bun-engine";
import { Server } from "socket.io";
import { chat } from "./socket-io.ts";

/** Socket.IO on Bun, by its own engine for it, with its defaults. */
const io = new Server();
const engine = new Engine({ path: "/socket.io/" });
io.bind(engine);
chat(io);
const server = Bun.serve({ hostname: "0.0.0.0", port: 0, ...engine.handler() });
console.log(JSON.stringify({ msg: "ready", url: server.url.href }));
