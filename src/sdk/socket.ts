/** What a socket tells; after `closed` nothing more. */
export interface SocketEvents {
  frame(text: string): void;
  closed(code: number): void;
}

export interface Socket {
  send(text: string): void;
  close(): void;
}

/** Opens a socket; injected so that tests can play the network. */
export type SocketFactory = (url: string, protocols: string[], events: SocketEvents) => Socket;

/** The WebSocket of browsers, Bun and Node. */
export const webSocket: SocketFactory = (url, protocols, events) => {
  const socket = new WebSocket(url, protocols);
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") events.frame(data);
  };
  // A refused upgrade is an `error` followed by a `close` with 1006: the latter says all.
  socket.onclose = ({ code }) => events.closed(code);
  return { send: (text) => socket.send(text), close: () => socket.close(1000) };
};
