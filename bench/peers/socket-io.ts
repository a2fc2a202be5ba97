import { randomUUID } from "node:crypto";
import type { Server } from "socket.io";
import { nextSeq, record, type Sent } from "./message.ts";

interface Auth {
  name: string;
  rooms: string[];
}

/** A chat as Socket.IO's own guide writes it: rooms, and an acknowledgement by callback. Nothing is stored. */
export function chat(io: Server): void {
  io.on("connection", (socket) => {
    const { name, rooms } = socket.handshake.auth as Auth;
    const sender = { id: randomUUID(), name };
    void socket.join(rooms);
    socket.on("send_message", (sent: Sent, answer: (ack: object) => void) => {
      const { ack, message } = record(sent, nextSeq(sent.room_id), randomUUID(), sender);
      answer(ack);
      io.to(sent.room_id).emit("new_message", message);
    });
    socket.emit("ready");
  });
}
