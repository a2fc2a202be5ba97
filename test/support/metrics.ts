import type { Reachable } from "./people.ts";

/** The value of one line of `/metrics`, e.g. `parley_sockets_closed_total{code="4008"}`; 0 while it is not there. */
export async function metric(server: Reachable, name: string): Promise<number> {
  const response = await fetch(`${server.url}/metrics`);
  if (!response.ok) throw new Error(`/metrics answers ${response.status}`);
  const lines = (await response.text()).split("\n");
  const line = lines.find((each) => each.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}

/** The sum over all labels of a metric. */
export async function metricSum(server: Reachable, name: string): Promise<number> {
  const lines = (await (await fetch(`${server.url}/metrics`)).text()).split("\n");
  const values = lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
