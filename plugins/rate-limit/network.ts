import { isIP } from 'node:net';

const MAPPED = '::ffff:';
/** Groups of 16 bits: a customer's IPv6 network is a /64. Whoever has one address of it has all 2^64. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

/**
 * What counts as one client address: an IPv4 address, however it is written, or the /64 of an IPv6 address. What is no
 * address (a connection that is gone has none) stays as it is.
 */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  if (address.startsWith(MAPPED) && isIP(address.slice(MAPPED.length)) === 4)
    return address.slice(MAPPED.length);
  const zone = address.indexOf('%');
  const [head = '', tail] = (zone < 0 ? address : address.slice(0, zone)).toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    // An IPv4 address at the end is two groups.
    const afterGroups = after.length + (tail.includes('.') ? 1 : 0);
    while (groups.length < GROUPS - afterGroups) groups.push('0');
    groups.push(...after);
  }
  const network = groups.slice(0, NETWORK_GROUPS).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
