import { HttpClient, type HttpRequest } from "./http.ts";
import { Histogram } from "./histogram.ts";
import { cpuSeconds, families } from "./proc.ts";
import type { Latencies } from "./spec.ts";

/** Requests of one kind. */
export interface RouteSpec {
  name: string;
  /** Of all requests; the shares sum up to 1. */
  share: number;
  /** Taken in turns. `{n}` in a body becomes a number that no other request has. */
  requests: HttpRequest[];
  /** Each answer holds the token of this request's next turn, as `data.refresh_token`. */
  renews?: boolean;
}

/** HTTP requests by a fixed schedule. */
export interface RequestsSpec {
  kind: "requests";
  url: string;
  routes: RouteSpec[];
  perSecond: number;
  warmUpS: number;
  seconds: number;
  pids: number[];
}

/** From the intended time of a request to the end of its answer. */
export type RouteResult = Latencies & { name: string; p95: number };

export interface RequestsResult {
  routes: RouteResult[];
  perSecond: number;
  peerCores: number;
  loadCores: number;
  /** Refusals and broken connections. */
  faults: string[];
}

const tickMs = 1;
const settleMs = 20_000;
const faultsShown = 5;
/** Shares are dealt out over so many requests, evenly mixed. */
const roundLength = 1_000;

/** Sends from the beginning on, measures after the warm-up. */
export async function requests(spec: RequestsSpec, say: (progress: string) => void): Promise<RequestsResult> {
  const client = new HttpClient(spec.url);
  const histograms = spec.routes.map(() => new Histogram());
  const turns = spec.routes.map(() => 0);
  const order = mixed(spec.routes);
  const faults: string[] = [];
  let [sent, answered] = [0, 0];

  const ask = async (intendedMs: number, isMeasured: boolean) => {
    const number = sent++;
    const routeIndex = order[number % order.length] ?? 0;
    const route = spec.routes[routeIndex];
    const turn = turns[routeIndex] ?? 0;
    const request = route?.requests[turn % route.requests.length];
    if (!route || !request) throw new Error("a route without requests");
    turns[routeIndex] = turn + 1;
    try {
      const { body } = request;
      const { status, body: answer } = await client.ask(
        body === undefined ? request : { ...request, body: body.replace("{n}", String(number)) },
      );
      if (isMeasured) histograms[routeIndex]?.record(performance.now() - intendedMs);
      if (status >= 300) faults.push(`${route.name} was answered with ${status}: ${answer.toString().slice(0, 200)}`);
      else if (route.renews) request.token = JSON.parse(answer.toString()).data.refresh_token;
    } catch (error) {
      faults.push(`${route.name}: ${String(error)}`);
    }
    answered++;
  };

  const everyMs = 1_000 / spec.perSecond;
  const startMs = performance.now();
  const fromMs = startMs + spec.warmUpS * 1_000;
  const untilMs = fromMs + spec.seconds * 1_000;
  let before = { peer: 0, load: 0 };
  const timer = setInterval(() => {
    const now = Math.min(performance.now(), untilMs);
    for (let intendedMs = startMs + sent * everyMs; intendedMs <= now; intendedMs += everyMs) {
      if (before.load === 0 && intendedMs >= fromMs) {
        before = { peer: cpuSeconds(families(spec.pids)), load: cpuSeconds([process.pid]) };
      }
      void ask(intendedMs, intendedMs >= fromMs);
    }
  }, tickMs);
  say("asking");
  await Bun.sleep(untilMs - startMs);
  clearInterval(timer);
  const after = { peer: cpuSeconds(families(spec.pids)), load: cpuSeconds([process.pid]) };
  const deadline = performance.now() + settleMs;
  while (answered < sent && performance.now() < deadline) await Bun.sleep(10);
  if (answered < sent) faults.push(`${sent - answered} requests were never answered`);
  const measured = histograms.reduce((sum, histogram) => sum + histogram.summary().count, 0);
  return {
    routes: spec.routes.map(({ name }, index) => {
      const histogram = histograms[index] ?? new Histogram();
      return { name, p95: histogram.at(95), ...histogram.summary() };
    }),
    perSecond: measured / spec.seconds,
    peerCores: (after.peer - before.peer) / spec.seconds,
    loadCores: (after.load - before.load) / spec.seconds,
    faults: faults.slice(0, faultsShown),
  };
}

/** Indexes of routes, each as often as its share says and as far from itself as it goes. */
function mixed(routes: readonly RouteSpec[]): number[] {
  const places = routes.flatMap(({ share }, index) => {
    const count = Math.max(1, Math.round(share * roundLength));
    return Array.from({ length: count }, (_, turn) => ({ index, at: (turn + 0.5) / count }));
  });
  return places.sort((a, b) => a.at - b.at).map(({ index }) => index);
}
