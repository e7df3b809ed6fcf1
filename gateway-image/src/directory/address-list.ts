/** Is an address in a list of addresses and blocks? Lists are compiled once. */
import { BlockList, isIP } from "node:net";

const compiled = new WeakMap<readonly string[], BlockList>();

/** An address that cannot be read is in no list. */
export function isAllowedAddress(list: readonly string[], address: string): boolean {
  const blocks = compiled.get(list) ?? compile(list);
  // IPv4 callers of a socket that listens on both are written as IPv6.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  const family = isIP(plain);
  return family !== 0 && blocks.check(plain, family === 4 ? "ipv4" : "ipv6");
}

function compile(list: readonly string[]): BlockList {
  const blocks = new BlockList();
  for (const entry of list) {
    const [address = "", prefix] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) blocks.addAddress(address, family);
    else blocks.addSubnet(address, Number(prefix), family);
  }
  compiled.set(list, blocks);
  return blocks;
}
