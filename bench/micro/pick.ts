// node bench/micro/pick.ts: nanoseconds of one pick, by the way to balance and the number of targets. Median of rounds.
import { AddressRules } from '../../src/lib/address-rules.ts';
import { Fleet } from '../../src/upstream/fleet.ts';
import { type Balance, Upstream } from '../../src/upstream/upstream.ts';

const WAYS: readonly Balance[] = ['round-robin', 'random', 'least-requests', 'ewma', 'hash'];
const TARGETS = [4, 100];
const ROUNDS = 7;
const PICKS = 200_000;

const fleet = new Fleet({
  onChange: () => undefined,
  onResolveFailure: () => undefined,
  rules: new AddressRules({ allow: [], deny: [] }),
});
const askers = Array.from({ length: 64 }, (_, i) => ({
  client: `10.1.2.${i}`,
  consumer: '',
  headers: {},
}));

function upstreamOf(balance: Balance, count: number, weights: readonly number[]): Upstream {
  const targets = Array.from({ length: count }, (_, i) => ({
    url: `http://10.0.0.${i}:8080`,
    weight: weights[i % weights.length] ?? 1,
  }));
  const timeouts = { connect: 1_000, response: 1_000, idle: 1_000 };
  const upstream = new Upstream(
    { name: `${balance} ${count}`, targets, host: 'target', timeouts, balance },
    fleet,
  );
  for (const target of upstream.targets) {
    target.begin();
    target.end({ ok: true, ms: 20 });
  }
  return upstream;
}

function nanoseconds(upstream: Upstream): number {
  const began = process.hrtime.bigint();
  for (let i = 0; i < PICKS; i++) upstream.pick(undefined, askers[i % askers.length]);
  return Number(process.hrtime.bigint() - began) / PICKS;
}

function median(upstream: Upstream): string {
  nanoseconds(upstream);
  const rounds = Array.from({ length: ROUNDS }, () => nanoseconds(upstream)).sort((a, b) => a - b);
  return (rounds[Math.floor(ROUNDS / 2)] as number).toFixed(0);
}

const rows = WAYS.flatMap((balance) =>
  TARGETS.map((count) => {
    const even = median(upstreamOf(balance, count, [1]));
    const weighted = median(upstreamOf(balance, count, [3, 2, 1]));
    return `| ${balance} | ${count} | ${even} | ${weighted} |`;
  }),
);
process.stdout.write(
  `| balance | targets | ns, even weights | ns, weights 3 2 1 |\n| --- | ---: | ---: | ---: |\n${rows.join('\n')}\n`,
);
await fleet.destroy();
