import type { HoldSpec } from "./hold.ts";
import type { LobbyResult, LobbySpec } from "./lobby.ts";
import type { ProbeResult, ProbeSpec } from "./probe.ts";
import type { ReconnectResult, ReconnectSpec } from "./reconnect.ts";
import type { RequestsResult, RequestsSpec } from "./requests.ts";
import type { LoadResult, LoadSpec } from "./spec.ts";
import type { SteadyResult, SteadySpec } from "./steady.ts";
import type { StormResult, StormSpec } from "./storm.ts";
import type { WatchResult, WatchSpec } from "./watch.ts";

/** What a process of the generator can be told to do; without a kind, rooms talk. */
export type ProgramSpec =
  | (LoadSpec & { kind?: "talk" })
  | StormSpec
  | HoldSpec
  | SteadySpec
  | ReconnectSpec
  | LobbySpec
  | ProbeSpec
  | WatchSpec
  | RequestsSpec;

export interface Results {
  talk: LoadResult;
  storm: StormResult;
  hold: never;
  steady: SteadyResult;
  reconnect: ReconnectResult;
  lobby: LobbyResult;
  probe: ProbeResult;
  watch: WatchResult;
  requests: RequestsResult;
}

export type ResultOf<S extends ProgramSpec> = Results[S extends { kind: infer K extends keyof Results } ? K : "talk"];
