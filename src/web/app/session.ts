import { useSyncExternalStore } from "react";
import { ApiError } from "../../sdk/errors.ts";
import { dropDrafts } from "../composer/drafts.ts";
import { parley } from "./parley.ts";
import { loadServerInfo } from "./server-info.ts";
import { createValue } from "./value.ts";

/**
 * How this page stands with the server. `starting`: the session of an earlier visit is being taken up; `unreachable`: it
 * could not be; `guest`: nobody is signed in.
 */
export type Phase = "starting" | "unreachable" | "guest" | "signed_in";

const phase = createValue<Phase>("starting");
/** Whether the last session ended without its person's doing. */
const wasEnded = createValue(false);
let leaving = false;

export function usePhase(): Phase {
  return useSyncExternalStore(phase.subscribe, phase.get);
}

export function useWasSignedOut(): boolean {
  return useSyncExternalStore(wasEnded.subscribe, wasEnded.get);
}

/** The person knows, and goes on as a guest. */
export function acceptSignedOut(): void {
  wasEnded.set(false);
}

/** Opens the socket. Why it closes for good is in the state, where the connection line reads it. */
export function connect(): void {
  parley.connect().catch(() => {});
}

/** Takes up the session of an earlier visit, if there is one. */
export async function start(): Promise<void> {
  phase.set("starting");
  try {
    const [me] = await Promise.all([parley.restore(), loadServerInfo()]);
    if (me !== null) connect();
    phase.set(me === null ? "guest" : "signed_in");
  } catch (error) {
    // The server's refusal means that the session is over; anything else, that nobody was asked.
    phase.set(error instanceof ApiError && error.status !== null && error.status < 500 ? "guest" : "unreachable");
  }
}

type SignIn = Parameters<typeof parley.login>[0];
type Registration = Parameters<typeof parley.register>[0];

async function enter(signingIn: Promise<unknown>): Promise<void> {
  await signingIn;
  wasEnded.set(false);
  // A guest's socket, if one is open, belongs to nobody: the next one is the person's.
  parley.close();
  connect();
  phase.set("signed_in");
}

export const signIn = (input: SignIn) => enter(parley.login(input));
export const register = (input: Registration) => enter(parley.register(input));

export async function signOut(options: { everywhere?: boolean } = {}): Promise<void> {
  leaving = true;
  const { me } = parley;
  try {
    await parley.logout(options);
    if (me !== null) dropDrafts(me.id);
  } finally {
    leaving = false;
  }
}

parley.onSignedOut(() => {
  wasEnded.set(!leaving);
  phase.set("guest");
});
