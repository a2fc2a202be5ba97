import type { Context } from "../context.ts";
import type { Script } from "../platform/bus/bus.ts";
import type { Tally } from "./tally.ts";

const perAddressMax = 50;
/** So few of one address on a node need not be told: on all nodes together they are a quarter of what is allowed. */
const untoldPart = 1 / 4;
const tellEveryMs = 10_000;
/** What a node has told is forgotten after so long: it died, or has none left that it would tell of. */
const holdsMs = 25_000;

/** How many guests of an address each node has told of: `<node> <count> <when>;`, by the bridge's own clock. */
const script: Script = {
  name: "guests",
  lua: `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local node, own, asked, most, holds = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local others, kept = 0, ''
for other, count, at in string.gmatch(redis.call('GET', KEYS[1]) or '', '(%S+) (%d+) (%d+);') do
  if other ~= node and now - tonumber(at) < holds then
    others = others + tonumber(count)
    kept = kept .. other .. ' ' .. count .. ' ' .. at .. ';'
  end
end
local mayCome = others + own + asked <= most
if mayCome then own = own + asked end
redis.call('SET', KEYS[1], kept .. string.format('%s %.0f %.0f;', node, own, now), 'PX', ARGV[5])
return mayCome and 1 or 0`,
};

/** How many guests may look on from one address, on all nodes together. Without the bridge each node counts its own. */
export class Guests {
  constructor(
    private readonly bus: Context["bus"],
    /** Those of this node. */
    private readonly here: Tally,
  ) {}

  /** Whether another may. */
  async mayCome(address: string): Promise<boolean> {
    const own = this.here.of(address);
    if (own >= perAddressMax) return false;
    return own < this.#untold || this.#tell(address, own, 1);
  }

  /** Says again what is to be known of this node's guests. */
  async tell(): Promise<void> {
    for (const [address, count] of this.here.all()) {
      if (count > this.#untold) await this.#tell(address, count, 0);
    }
  }

  get #untold(): number {
    return Math.floor((perAddressMax * untoldPart) / (this.bus.neighbours().length + 1));
  }

  /** Tells how many there are here, and asks for some more; gives whether they may come. */
  async #tell(address: string, own: number, asked: number): Promise<boolean> {
    const { shared, nodeId } = this.bus;
    const place = `guests:${new Bun.CryptoHasher("sha256").update(address).digest("base64url").slice(0, 22)}`;
    return (await shared?.run(script, [place], [nodeId, own, asked, perAddressMax, holdsMs])) !== 0;
  }
}

/** Begins to count guests together with the other nodes. */
export function startGuests({ bus, jobs }: Pick<Context, "bus" | "jobs">, here: Tally): Guests {
  const guests = new Guests(bus, here);
  if (bus.shared) jobs.every("tell how many guests there are", tellEveryMs, () => guests.tell());
  return guests;
}
