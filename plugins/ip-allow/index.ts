import { type Static, Type } from 'typebox';
import type { PolicyDescriptor, Verdict } from '../../src/contracts/policy.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { Networks, plainAddress } from './networks.ts';

const Network = Type.String({ minLength: 2, maxLength: 64, examples: ['10.0.0.0/8', '2001:db8::/32'] });

const Settings = Type.Object(
  {
    allow: Type.Array(Network, {
      default: ['0.0.0.0/0', '::/0'],
      minItems: 1,
      description: 'Addresses and CIDRs that may pass; everybody if it is left out.',
    }),
    deny: Type.Array(Network, {
      default: [],
      description: 'Addresses and CIDRs that may not, whatever allow says.',
    }),
  },
  { additionalProperties: false, description: 'Lets in clients by their address, after trustProxy.' },
);
type Settings = Static<typeof Settings>;

const denied = (rule: string): Verdict => new GatewayError('address_denied', { cause: rule });

const ipAllow: PolicyDescriptor<Settings> = {
  name: 'ip-allow',
  slot: 'admit',
  schema: Settings,
  check({ allow, deny }) {
    try {
      new Networks(allow, 'allow');
      new Networks(deny, 'deny');
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  },
  create(settings) {
    const allow = new Networks(settings.allow, 'allow');
    const deny = new Networks(settings.deny, 'deny');
    const allowsAll = allow.isEverything;
    if (allowsAll && deny.isEmpty) return {};
    return {
      onRequest({ client }) {
        const address = plainAddress(client);
        // A connection that is gone already has no address any more, and may not pass for want of one.
        if (address === undefined) return denied('the client has no address');
        if (deny.has(address)) return denied(`denied by ${deny.entryOf(address)}`);
        if (!allowsAll && !allow.has(address)) return denied('in none of the networks that are allowed');
        return undefined;
      },
    };
  },
};

export default ipAllow;
