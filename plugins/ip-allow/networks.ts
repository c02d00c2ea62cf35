import { BlockList, isIP, SocketAddress } from 'node:net';

type Family = 'ipv4' | 'ipv6';

/** An address in the one form in which it is compared. */
export interface PlainAddress {
  readonly text: string;
  readonly family: Family;
}

/** IPv4 written as IPv6, which is how a dual-stack socket shows IPv4 clients (RFC 4291 section 2.5.5.2). */
const MAPPED = new BlockList();
MAPPED.addSubnet('::ffff:0:0', 96, 'ipv6');
const MAPPED_BITS = 96;
const MAPPED_PREFIX = '::ffff:';

/**
 * An IPv4-mapped IPv6 address becomes the IPv4 address that it is, however it is spelt; a zone (`%eth0`) is dropped.
 * Undefined for what is no address.
 */
export function plainAddress(address: string): PlainAddress | undefined {
  const version = isIP(address);
  if (version === 4) return { text: address, family: 'ipv4' };
  if (version === 0) return undefined;
  // How a dual-stack listener shows every IPv4 client: 0.7 µs instead of the 2 µs of the general way.
  if (address.startsWith(MAPPED_PREFIX)) {
    const tail = address.slice(MAPPED_PREFIX.length);
    if (isIP(tail) === 4) return { text: tail, family: 'ipv4' };
  }
  const zone = address.indexOf('%');
  const text = zone < 0 ? address : address.slice(0, zone);
  if (!MAPPED.check(text, 'ipv6')) return { text, family: 'ipv6' };
  const canonical = new SocketAddress({ address: text, family: 'ipv6' }).address;
  return { text: canonical.slice(canonical.lastIndexOf(':') + 1), family: 'ipv4' };
}

interface Network extends PlainAddress {
  /** As the config has it. */
  readonly entry: string;
  readonly bits: number;
}

function parse(entry: string, where: string): Network {
  const slash = entry.indexOf('/');
  const plain = plainAddress(slash < 0 ? entry : entry.slice(0, slash));
  const written = slash < 0 ? undefined : entry.slice(slash + 1);
  const wasMapped = plain?.family === 'ipv4' && entry.includes(':');
  const widest = plain?.family === 'ipv4' && !wasMapped ? 32 : 128;
  const bits = written === undefined ? widest : /^\d{1,3}$/.test(written) ? Number(written) : Number.NaN;
  const least = wasMapped ? MAPPED_BITS : 0;
  if (plain === undefined || entry.includes('%') || !(bits >= least && bits <= widest)) {
    throw new Error(`ip-allow.${where}: "${entry}" is no IP address and no CIDR like 10.0.0.0/8`);
  }
  return { ...plain, entry, bits: bits - least };
}

/**
 * Networks of one list. IPv4 and IPv6 are kept apart, so that `::/0` means IPv6 and nothing else: Node's BlockList
 * would let it hold IPv4 clients too, in their mapped form.
 */
export class Networks {
  readonly #all: readonly Network[];
  readonly #lists: Readonly<Record<Family, BlockList>> = { ipv4: new BlockList(), ipv6: new BlockList() };

  /**
   * @param where name of the list in the settings, for messages
   * @throws Error that names the entry that is neither an address nor a CIDR
   */
  constructor(entries: readonly string[], where: string) {
    this.#all = entries.map((entry) => parse(entry, where));
    for (const { text, bits, family } of this.#all) this.#lists[family].addSubnet(text, bits, family);
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** Whether every address there is lies in one of them. */
  get isEverything(): boolean {
    const whole = this.#all.filter(({ bits }) => bits === 0);
    return whole.some(({ family }) => family === 'ipv4') && whole.some(({ family }) => family === 'ipv6');
  }

  has({ text, family }: PlainAddress): boolean {
    return this.#lists[family].check(text, family);
  }

  /** The first entry that holds the address, as the config has it: for the log. */
  entryOf({ text, family }: PlainAddress): string | undefined {
    return this.#all.find((network) => {
      if (network.family !== family) return false;
      const one = new BlockList();
      one.addSubnet(network.text, network.bits, family);
      return one.check(text, family);
    })?.entry;
  }
}
