/**
 * What a session needs of its connection, so that the core never sees a real one. Bun's `ServerWebSocket` has exactly
 * these; the tests' socket pair too.
 */
export interface Transport {
  /** 1: open; anything else: it will take no more. */
  readonly readyState: number;
  /** 0: dropped, -1: queued behind what the peer has not taken yet, else the bytes sent. */
  sendText(frame: string): number;
  /** Everything that is sent inside shares one system call. */
  cork(send: () => void): void;
  close(code: number, reason: string): void;
  /** Ends the connection without a word. */
  terminate(): void;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Bytes that the peer has not taken yet. */
  getBufferedAmount(): number;
}

/** Sends one frame to everybody subscribed to a topic; Bun's `Server` has it. */
export interface Publisher {
  publish(topic: string, frame: string, compress: boolean): unknown;
}
