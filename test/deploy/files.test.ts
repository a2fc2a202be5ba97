import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { z } from "zod";
import { readConfig } from "../../src/server/config.ts";
import { temporaryFolder } from "../support/environment.ts";
import { lackOf } from "../support/needs.ts";
import { nginxLack, nginxProgram } from "../support/nginx.ts";
import { redisLack, TestRedis } from "../support/redis.ts";
import { projectRoot } from "../support/source-files.ts";

/** What nobody starts here is at least held to what the server, and the files among each other, say. */
const read = (path: string) => Bun.file(join(projectRoot, path)).text();
const namesIn = (text: string) => [...text.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name ?? "");

const known = namesIn(await read(".env.example"));
const nginxConf = await read("deploy/nginx.conf");
const dockerfile = await read("Dockerfile");

/** Ten seconds are what a stop takes at most, after the drain. */
function stopSecondsOf(env: Record<string, string>): number {
  return 10 + readConfig(env).drainDelayMs / 1_000;
}

const seconds = (text: string) => Number(/^(\d+)s?$/.exec(text)?.[1]);

describe("deploy/compose.yaml", async () => {
  const service = z.looseObject({
    image: z.string(),
    environment: z.record(z.string(), z.string()).default({}),
    command: z.array(z.string()).default([]),
    ports: z.array(z.string()).optional(),
    volumes: z.array(z.string()).default([]),
    profiles: z.array(z.string()).default([]),
    depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
    networks: z.union([z.array(z.string()), z.record(z.string(), z.object({ ipv4_address: z.string() }))]).default([]),
    stop_grace_period: z.string().optional(),
    healthcheck: z.unknown().optional(),
  });
  const text = await read("deploy/compose.yaml");
  const { services, volumes } = z
    .looseObject({ services: z.record(z.string(), service), volumes: z.record(z.string(), z.unknown()) })
    .parse(Bun.YAML.parse(text));
  const nodes = Object.entries(services).filter(([, { image }]) => image === "parley");
  const addressOf = (name: string) => {
    const networks = services[name]?.networks;
    return Array.isArray(networks) ? undefined : networks?.["inside"]?.ipv4_address;
  };
  const example = namesIn(await read("deploy/.env.example"));
  /** As Compose fills it in, where every variable is `filled`. */
  const interpolate = (value: string) =>
    value.replace(/\$\{(\w+)(?::-([^}]*)|:\?)?\}/g, (_, __, fallback: string | undefined) => fallback ?? "filled");

  test("asks for no variable that deploy/.env.example does not name, and has no password of its own", () => {
    const asked = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name ?? "");
    expect([...new Set(asked)].toSorted()).toEqual(example.toSorted());
    expect([...text.matchAll(/\$\{\w*(?:PASSWORD|TOKEN)(?!:\?|:-\})/g)].map(([what]) => what)).toEqual([]);
  });

  test("gives the nodes settings that they understand, the same to both", () => {
    expect(nodes.map(([name]) => name)).toEqual(["node-1", "node-2"]);
    expect(nodes[0]?.[1].environment).toEqual(nodes[1]?.[1].environment ?? {});
    for (const [, { environment, stop_grace_period = "10s" }] of nodes) {
      expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
      const env = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, interpolate(value)]));
      expect(readConfig(env)).toMatchObject({
        databaseUrl: "postgres://parley:filled@postgres/parley",
        redisUrl: "redis://:filled@valkey",
        trustedProxies: [addressOf("nginx")],
      });
      expect(seconds(stop_grace_period)).toBeGreaterThan(stopSecondsOf(env));
    }
  });

  test("is one with nginx.conf on where the nodes are, and opens nginx alone", () => {
    const upstream = [...nginxConf.matchAll(/^ +server ([\d.]+):3000/gm)].map(([, address]) => address);
    expect(upstream).toEqual(nodes.map(([name]) => addressOf(name)));
    const open = Object.entries(services).filter(([, { ports }]) => ports !== undefined);
    expect(open.map(([name]) => name)).toEqual(["nginx"]);
    expect(open[0]?.[1].ports).toEqual([`8080:${/listen (\d+);/.exec(nginxConf)?.[1]}`]);
  });

  test("waits for whatever something stands on, and keeps what must be kept", () => {
    for (const { depends_on, volumes: mounts } of Object.values(services)) {
      for (const [name, { condition }] of Object.entries(depends_on)) {
        expect([name, condition, name in services]).toEqual([name, "service_healthy", true]);
        const isImages = services[name]?.image === "parley" && dockerfile.includes("HEALTHCHECK");
        expect(isImages || services[name]?.healthcheck !== undefined).toBe(true);
      }
      const named = mounts.map((mount) => mount.split(":", 1).join("")).filter((name) => !name.startsWith("."));
      expect(named.filter((name) => !(name in volumes))).toEqual([]);
    }
    expect(services["postgres"]?.volumes).toEqual(["postgres:/var/lib/postgresql/data"]);
  });

  test.skipIf(redisLack !== undefined)("starts the bridge in words that it understands", async () => {
    const [, ...words] = (services["valkey"]?.command ?? []).map(interpolate);
    const redis = await TestRedis.start({ args: words });
    expect(await redis.command("-a", "filled", "--no-auth-warning", "CONFIG", "GET", "maxmemory-policy")).toContain(
      "volatile-ttl",
    );
    await redis.stop();
  });
});

describe("deploy/kubernetes", async () => {
  const env = z.array(z.object({ name: z.string(), value: z.string() }));
  const probe = z.looseObject({ httpGet: z.object({ path: z.string(), port: z.literal("http") }) });
  const labels = z.record(z.string(), z.string());
  const container = z.looseObject({
    args: z.tuple([z.literal("serve")]),
    ports: z.tuple([z.object({ name: z.literal("http"), containerPort: z.number() })]),
    env,
    startupProbe: probe,
    readinessProbe: probe,
    livenessProbe: probe,
    lifecycle: z.object({ preStop: z.object({ sleep: z.object({ seconds: z.number() }) }) }),
    securityContext: z.looseObject({ readOnlyRootFilesystem: z.literal(true) }),
    volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
  });
  const deployment = z.looseObject({
    spec: z.looseObject({
      replicas: z.number().min(2),
      strategy: z.object({
        type: z.literal("RollingUpdate"),
        rollingUpdate: z.object({ maxSurge: z.number().min(1), maxUnavailable: z.literal(0) }),
      }),
      minReadySeconds: z.number(),
      selector: z.object({ matchLabels: labels }),
      template: z.object({
        metadata: z.object({ labels }),
        spec: z.looseObject({
          terminationGracePeriodSeconds: z.number(),
          containers: z.tuple([container]),
          volumes: z.array(z.looseObject({ name: z.string() })),
        }),
      }),
    }),
  });
  const documents = (await read("deploy/kubernetes/deployment.yaml")).split("\n---\n");
  const { spec } = deployment.parse(Bun.YAML.parse(documents[0] ?? ""));
  const { template } = spec;
  const [node] = template.spec.containers;
  const variables = Object.fromEntries(node.env.map(({ name, value }) => [name, value]));

  test("gives a node settings that it understands", () => {
    expect(Object.keys(variables).filter((name) => !known.includes(name))).toEqual([]);
    expect(() => readConfig(variables)).not.toThrow();
    expect(dockerfile).toContain(`EXPOSE ${node.ports[0].containerPort}`);
    expect(dockerfile).toContain(":nonroot");
  });

  test("asks what the server answers, and never for the bridge", () => {
    expect(node.startupProbe.httpGet.path).toBe("/healthz");
    expect(node.livenessProbe.httpGet.path).toBe("/healthz");
    expect(node.readinessProbe.httpGet.path).toBe("/readyz?need=database");
  });

  test("leaves a node the time that it needs to stop, after everybody has learnt of it", () => {
    const { seconds: before } = node.lifecycle.preStop.sleep;
    expect(before).toBeGreaterThan(0);
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(before + stopSecondsOf(variables));
    // Clients come back over half a minute at most.
    expect(spec.minReadySeconds).toBeGreaterThanOrEqual(30);
  });

  test("means the same pods everywhere, and every volume is there", async () => {
    const { matchLabels } = spec.selector;
    expect(template.metadata.labels).toMatchObject(matchLabels);
    expect(Bun.YAML.parse(documents[1] ?? "")).toMatchObject({ spec: { selector: { matchLabels } } });
    expect(Bun.YAML.parse(await read("deploy/kubernetes/service.yaml"))).toMatchObject({
      spec: { selector: matchLabels, ports: [{ name: "http", targetPort: "http" }] },
    });
    expect(node.volumeMounts.map(({ mountPath }) => mountPath).toSorted()).toEqual(["/data", "/tmp"]);
    expect(node.volumeMounts.map(({ name }) => name)).toEqual(template.spec.volumes.map(({ name }) => name));
  });

  test("names files that are there", async () => {
    const { resources } = z
      .looseObject({ resources: z.array(z.string()) })
      .parse(Bun.YAML.parse(await read("deploy/kubernetes/kustomization.yaml")));
    const files = [...new Bun.Glob("*.yaml").scanSync(join(projectRoot, "deploy/kubernetes"))];
    expect([...resources, "kustomization.yaml"].toSorted()).toEqual(files.toSorted());
  });
});

describe("deploy/parley.service", async () => {
  const unit = await read("deploy/parley.service");
  const valueOf = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(unit)?.[1] ?? "";

  test("gives settings that the server understands, and takes away what would change the runtime", () => {
    const env = Object.fromEntries(
      valueOf("Environment")
        .split(" ")
        .map((pair) => pair.split("=", 2)),
    ) as Record<string, string>;
    expect(Object.keys(env).filter((name) => !known.includes(name))).toEqual(["TMPDIR"]);
    expect(() => readConfig(env)).not.toThrow();
    expect(valueOf("UnsetEnvironment").split(" ")).toEqual(expect.arrayContaining(["BUN_OPTIONS", "BUN_BE_BUN"]));
    expect(seconds(valueOf("TimeoutStopSec"))).toBeGreaterThan(stopSecondsOf(env));
  });

  const lack = lackOf("systemd-analyze");
  test.skipIf(lack !== undefined)(`is a unit to systemd${lack ? ` (skipped: ${lack})` : ""}`, async () => {
    const path = join(temporaryFolder(), "parley.service");
    await Bun.write(path, unit.replace(/^ExecStart=\S+/m, `ExecStart=${Bun.which("true")}`));
    const verified = Bun.spawnSync(["systemd-analyze", "verify", path]);
    expect([verified.exitCode, verified.stderr.toString()]).toEqual([0, ""]);
  });
});

test.skipIf(nginxLack !== undefined)("deploy/nginx.conf is one to nginx, as it stands", () => {
  const tested = Bun.spawnSync([nginxProgram ?? "", "-t", "-c", join(projectRoot, "deploy/nginx.conf")]);
  expect(tested.stderr.toString()).toContain("syntax is ok");
});
