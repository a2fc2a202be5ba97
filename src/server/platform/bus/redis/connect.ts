import { createClient } from "@redis/client";

/** How long the other end may take to accept a connection. */
const connectTimeoutMs = 2_000;

function makeClient(url: string) {
  return createClient({
    url,
    // What every server of the kind speaks.
    RESP: 2,
    disableClientInfo: true,
    disableOfflineQueue: true,
    // A connection that breaks is given up: whoever uses it makes another, and knows that something was lost.
    socket: { reconnectStrategy: false, connectTimeout: connectTimeoutMs },
  });
}

export type Client = ReturnType<typeof makeClient>;

/**
 * One connection, which is never mended. `lost` is told once, when it has broken; also while it is being made. The result
 * ends it at any time. Does not wait for anything: `ready` does.
 */
export function connectOnce(
  url: string,
  lost: (reason: unknown) => void,
): { client: Client; ready: Promise<unknown>; end: () => void } {
  const client = makeClient(url);
  let isEnded = false;
  const end = () => {
    isEnded = true;
    client.destroy();
  };
  client.on("error", lost);
  // A client that was ended while it connected would connect all the same.
  client.on("connect", () => {
    if (isEnded) client.destroy();
  });
  const ready = client.connect();
  ready.catch(lost);
  return { client, ready, end };
}
