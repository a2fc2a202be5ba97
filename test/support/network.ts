import { within } from "./deferred.ts";

/** A cable's ends: here and in the network. */
interface Cable {
  readonly device: string;
  readonly here: string;
  readonly there: string;
}

/** Where nobody is: what goes there is dropped on the way, and nobody is told. */
const nowhere = "02:00:00:00:00:01";

function run(command: readonly string[], input = ""): { isDone: boolean; said: string } {
  const { success, stderr } = Bun.spawnSync([...command], { stdin: Buffer.from(input), stdout: "ignore" });
  return { isDone: success, said: stderr.toString().trim() };
}

/**
 * Why a process of a test cannot get a network of its own; `undefined` when it can. It takes the right to change this
 * machine's network, which containers mostly have not: no failure, but tests say what they did instead.
 */
export const networkLack: string | undefined = (() => {
  for (const program of ["ip", "unshare", "nsenter"]) {
    if (Bun.which(program) === null) return `there is no ${program}`;
  }
  const device = `pr${process.pid}`;
  const made = run(["ip", "link", "add", device, "type", "veth", "peer", "name", `${device}b`]);
  if (!made.isDone) return "no network may be made";
  run(["ip", "link", "delete", device]);
  return run(["unshare", "--net", "true"]).isDone ? undefined : "no network may be made";
})();

let devices = 0;

/**
 * A network namespace, joined to this machine's network by cables that can be pulled one by one: packets are dropped then,
 * and no connection is closed. It goes when this process ends, however it ends.
 */
export class Network<Name extends string> {
  private constructor(
    private readonly keeper: Bun.Subprocess<"pipe", "pipe", "ignore">,
    private readonly cables: Readonly<Record<Name, Cable>>,
  ) {}

  static async of<const Name extends string>(...names: Name[]): Promise<Network<Name>> {
    const keeper = Bun.spawn(["unshare", "--net", "sh", "-c", "echo here; exec cat >/dev/null"], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });
    keeper.unref();
    await within(keeper.stdout.getReader().read(), () => "no network of its own was made");
    const cables = Object.fromEntries(names.map((name) => [name, newCable()])) as Record<Name, Cable>;
    const network = new Network(keeper, cables);
    const all = Object.values<Cable>(cables);
    change(
      all.flatMap(({ device, here }) => [
        `link add ${device} type veth peer name ${device} netns ${keeper.pid}`,
        `address add ${here}/30 dev ${device}`,
        `link set ${device} up`,
      ]),
    );
    network.#changeThere(
      all.flatMap(({ device, there }) => [`address add ${there}/30 dev ${device}`, `link set ${device} up`]),
    );
    return network;
  }

  /** What runs a program in it: these words before its own. */
  get inside(): string[] {
    return ["nsenter", `--net=/proc/${this.keeper.pid}/ns/net`];
  }

  /** The address of this machine at a cable, for whoever is in the network. */
  here(name: Name): string {
    return this.cables[name].here;
  }

  /** The address at a cable of whoever is in the network. */
  there(name: Name): string {
    return this.cables[name].there;
  }

  /** Nothing passes any more, in either direction. */
  pull(name: Name): void {
    const { device, here, there } = this.cables[name];
    const to = (address: string) => [`neighbour replace ${address} lladdr ${nowhere} dev ${device} nud permanent`];
    change(to(there));
    this.#changeThere(to(here));
  }

  /** Ends {@link pull}, as often as one likes. */
  plug(name: Name): void {
    const { device } = this.cables[name];
    const forget = [`neighbour flush dev ${device} nud permanent`];
    change(forget);
    this.#changeThere(forget);
  }

  async stop(): Promise<void> {
    await this.keeper.stdin.end();
    await this.keeper.exited;
  }

  #changeThere(lines: readonly string[]): void {
    change(lines, this.inside);
  }
}

/** Addresses that no network has, kept for tries of networks (RFC 2544): four for each cable. */
function newCable(): Cable {
  const block = Math.floor(Math.random() * 2 ** 15) * 4;
  const address = (at: number) => `198.${18 + ((block + at) >> 16)}.${((block + at) >> 8) & 255}.${(block + at) & 255}`;
  return { device: `pa${process.pid}n${++devices}`, here: address(1), there: address(2) };
}

function change(lines: readonly string[], inside: readonly string[] = []): void {
  const { isDone, said } = run([...inside, "ip", "-batch", "-"], `${lines.join("\n")}\n`);
  if (!isDone) throw new Error(`the network cannot be changed: ${said}`);
}
