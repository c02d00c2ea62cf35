import type { ModelConfig } from '../../config/schema/index.ts';
import type { Usage } from '../../contracts/usage.ts';
import { byLatency, byRequests, Drawn } from '../../upstream/balance/drawn.ts';
import { type Asker, hashKeyOf } from '../../upstream/balance/hash-key.ts';
import { Hashed } from '../../upstream/balance/hashed.ts';
import type { Picker } from '../../upstream/balance/picker.ts';
import { RoundRobin } from '../../upstream/balance/round-robin.ts';
import type { Fleet } from '../../upstream/fleet.ts';
import type { Deployment } from './deployment.ts';

/** A call, as far as the choice of a target goes by it. */
export interface Asking {
  readonly asker: Asker;
  /** '' = none. */
  readonly session: string;
  readonly user: string;
  readonly tier: string;
  /** What it may come to. */
  usage(): Usage;
}

/** Chooses a target of a model that is not among those to avoid. */
export type Selection = (avoid: ReadonlySet<Deployment>, asking: Asking) => Deployment | undefined;

type Settings = Pick<ModelConfig, 'strategy' | 'sticky'>;

/** @param name of the model: its place in the rotation outlives generations */
export function selectionOf(
  name: string,
  { strategy, sticky }: Settings,
  deployments: readonly Deployment[],
  fleet: Fleet,
): Selection {
  const weighing = deployments.filter(({ weight }) => weight > 0);
  if (strategy === 'cost') return cheapest(weighing);
  const members = weighing.map((target) => ({ target, weight: target.weight }));
  if (sticky !== 'none') {
    const hashed = new Hashed(members, hashKeyOf({ by: 'consumer', name: '' }));
    // Without a session or user it goes by consumer: a share of nobody's would all fall to one version.
    return (avoid, { asker, ...asking }) => {
      const { consumer, client, headers } = asker;
      const whose = sticky === 'consumer' ? '' : asking[sticky];
      return hashed.pick(avoid, {
        consumer: whose === '' ? consumer : `${consumer}\0${whose}`,
        client,
        headers,
      });
    };
  }
  const picker = pickerOf();
  return (avoid) => picker.pick(avoid, undefined);

  function pickerOf(): Picker<Deployment> {
    switch (strategy) {
      case 'latency':
        return new Drawn(members, fleet.random, byLatency(fleet.now));
      case 'load':
        return new Drawn(members, fleet.random, byRequests);
      default:
        return new RoundRobin(members, fleet.cursor(`model ${name}`));
    }
  }
}

/** For this very call; what has no price comes last. */
const cheapest =
  (deployments: readonly Deployment[]): Selection =>
  (avoid, { usage: usageOf, tier }) => {
    const usage = usageOf();
    let best: Deployment | undefined;
    let lowest = Number.POSITIVE_INFINITY;
    for (const deployment of deployments) {
      if (avoid.has(deployment)) continue;
      const price = deployment.price(usage, tier);
      const cost = price < 0 ? Number.MAX_VALUE : price;
      if (cost >= lowest) continue;
      best = deployment;
      lowest = cost;
    }
    return best;
  };
