/** Why a socket was closed, and whether a client should come back by itself. */
export const closeCodes = {
  1000: { name: "normal", reconnect: false },
  1001: { name: "going away", reconnect: true },
  1006: { name: "connection lost", reconnect: true },
  1008: { name: "protocol violation", reconnect: false },
  1009: { name: "frame too big", reconnect: false },
  1011: { name: "server error", reconnect: true },
  1012: { name: "server restarts", reconnect: true },
  4001: { name: "signed out or disabled", reconnect: false },
  4002: { name: "token expired", reconnect: true },
  4008: { name: "too slow", reconnect: true },
  4009: { name: "too many connections", reconnect: false },
  4010: { name: "idle", reconnect: true },
  4029: { name: "flooding", reconnect: true },
} as const;

export type CloseCode = keyof typeof closeCodes;

/** Whether a client should reconnect after `code`; an unknown code counts as a lost connection. */
export function shouldReconnect(code: number): boolean {
  return code in closeCodes ? closeCodes[code as CloseCode].reconnect : true;
}
