// node bench/fuzz/main.ts [--requests 100000] [--seed 1]: fuzzed requests over raw sockets, in slices, each with a gateway of its own.
import { parseArgs } from 'node:util';
import { fuzz } from './slice.ts';

const SLICE = 20_000;
const { values } = parseArgs({
  options: { requests: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});
const wanted = Number(values.requests);
if (!Number.isInteger(wanted) || wanted < 1) throw new Error('--requests takes a whole number from 1 on');

let [sent, recorded, faults] = [0, 0, 0];
for (let slice = 0; sent < wanted; slice++) {
  const seed = `${values.seed}.${slice}`;
  const began = performance.now();
  const found = await fuzz({ requests: Math.min(SLICE, wanted - sent), seed });
  sent += found.sent;
  recorded += found.recorded;
  faults += found.faults.length;
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stdout.write(
    `slice ${seed}: ${found.sent} sent, ${found.recorded} recorded, ${found.faults.length} faults, ${seconds} s\n`,
  );
  for (const fault of found.faults) process.stdout.write(`  ${fault}\n`);
}
process.stdout.write(`${sent} requests sent, ${recorded} recorded, ${faults} faults\n`);
process.exitCode = faults > 0 ? 1 : 0;
