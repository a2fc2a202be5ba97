import { BlockList, isIP, isIPv4 } from "node:net";

/** An address as everybody writes it: IPv4 inside IPv6 (`::ffff:10.0.0.1`) as IPv4. */
function plain(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  return mapped ?? address;
}

/**
 * Who a request comes from. `X-Forwarded-For` is believed only from the proxies in `trusted` (addresses and CIDR ranges),
 * and of it only the right-most entry that is none of them: everything left of that may be forged.
 */
export function clientAddress(trusted: readonly string[]): (remote: string, forwardedFor: string | null) => string {
  const proxies = new BlockList();
  for (const range of trusted) {
    const [address = "", bits] = range.split("/");
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    if (bits === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(bits), family);
  }
  const isProxy = (address: string) => proxies.check(address, isIPv4(address) ? "ipv4" : "ipv6");
  return (remote, forwardedFor) => {
    let client = plain(remote);
    if (trusted.length === 0 || forwardedFor === null || !isProxy(client)) return client;
    for (const entry of forwardedFor.split(",").reverse()) {
      const hop = plain(entry.trim());
      if (isIP(hop) === 0) break;
      client = hop;
      if (!isProxy(client)) break;
    }
    return client;
  };
}

/** Whether an address is this machine's own. */
export function isLoopback(address: string): boolean {
  return address === "::1" || plain(address).startsWith("127.");
}
