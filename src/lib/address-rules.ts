import type { LookupAddress } from 'node:dns';
import { BlockList, isIP, SocketAddress } from 'node:net';
import { GatewayError } from '../errors/gateway-error.ts';

/** As in the config: addresses and CIDRs. */
export interface AddressSettings {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/**
 * Where nothing is that a name should lead to: what hands out a machine's own credentials, and what is the machine
 * itself, or nobody in particular, by another name.
 */
const NEVER: readonly string[] = [
  // Link-local, with the metadata services of most clouds (RFC 3927, RFC 4291 section 2.5.6).
  '169.254.0.0/16',
  'fe80::/10',
  // Metadata at other places: AWS and Google by IPv6, Alibaba, Azure's host, Oracle's old one.
  'fd00:ec2::/32',
  'fd20:ce::254',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  // This host, multicast and broadcast (RFC 6890).
  '0.0.0.0/8',
  '::',
  '224.0.0.0/4',
  '255.255.255.255',
  'ff00::/8',
  // Link-local IPv4 behind NAT64 and 6to4 (RFC 6052, RFC 3056).
  '64:ff9b::a9fe:0/112',
  '2002:a9fe::/32',
];

/**
 * Which of the addresses that a name has are connected to. Asked with every answer of the DNS, so that a name which is
 * made to lead somewhere else after the config was read leads nowhere (DNS rebinding). What the config has as an
 * address, or as localhost, is configured, and is not asked about.
 */
export class AddressRules {
  readonly #allowed: Lists;
  readonly #denied: Lists;

  constructor({ allow, deny }: AddressSettings) {
    this.#allowed = listsOf(allow);
    this.#denied = listsOf([...NEVER, ...deny]);
  }

  isRefused(address: string): boolean {
    // What is none can't be connected to either.
    if (isIP(address) === 0) return false;
    const [plain, family] = plainOf(address);
    return this.#denied[family].check(plain, family) && !this.#allowed[family].check(plain, family);
  }

  /**
   * @param found addresses of a name
   * @returns those that may be connected to
   * @throws a GatewayError if there are addresses and none of them may
   */
  admitted(hostname: string, found: readonly LookupAddress[]): readonly LookupAddress[] {
    if (hostname === 'localhost' || hostname.endsWith('.localhost')) return found;
    const admitted = found.filter(({ address }) => !this.isRefused(address));
    const [refused] = found;
    if (admitted.length > 0 || refused === undefined) return admitted;
    throw new GatewayError('upstream_address_refused', {
      cause: new Error(`${hostname} is at ${refused.address}, which server.outbound does not allow`),
    });
  }
}

/** Whether a text is an address, or a CIDR. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

type Family = 'ipv4' | 'ipv6';
/** Apart: `::/0` in a BlockList holds IPv4, too. */
type Lists = Readonly<Record<Family, BlockList>>;

/** IPv4 in IPv6's form is IPv4. */
function plainOf(address: string): [address: string, family: Family] {
  if (isIP(address) === 4) return [address, 'ipv4'];
  const [bare = ''] = address.split('%');
  const text = new SocketAddress({ address: bare, family: 'ipv6' }).address;
  const mapped = text.startsWith('::ffff:') ? text.slice('::ffff:'.length) : '';
  return isIP(mapped) === 4 ? [mapped, 'ipv4'] : [text, 'ipv6'];
}

function listsOf(networks: readonly string[]): Lists {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const [plain, family] = plainOf(address);
    const whole = family === 'ipv4' ? 32 : 128;
    // Of IPv4 in IPv6's form the first 96 bits are its prefix.
    const prefix = family === 'ipv4' && isIP(address) === 6 ? 96 : 0;
    lists[family].addSubnet(plain, bits === undefined ? whole : Math.max(0, Number(bits) - prefix), family);
  }
  return lists;
}
