import { expect, it } from 'vitest';
import type { Policy, PolicyDescriptor, PolicyPorts, Slot } from '../../../src/contracts/policy.ts';
import { GatewayError } from '../../../src/errors/gateway-error.ts';
import { admitPolicies } from '../../../src/server/policies.ts';

const trace: string[] = [];

const descriptor = (name: string, slot: Slot, policy: Policy): [string, PolicyDescriptor<unknown>] => [
  name,
  { name, slot, schema: {}, create: () => policy },
];
const passes = (name: string): Policy => ({
  onRequest: () => {
    trace.push(name);
    return undefined;
  },
  dispose: () => void trace.push(`${name} disposed`),
});
const waits = (name: string): Policy => ({
  onRequest: async () => {
    await Promise.resolve();
    trace.push(name);
    return undefined;
  },
});
const refuses: Policy = { onRequest: () => new GatewayError('rate_limited') };

const chain = (entries: string[], all: [string, PolicyDescriptor<unknown>][]) => {
  trace.length = 0;
  return admitPolicies(
    entries.map((name) => ({ [name]: {} })),
    new Map(all),
    () => ({}) as PolicyPorts,
  );
};
const run = (policies: Awaited<ReturnType<typeof chain>>) =>
  policies.onRequest({} as never, {} as never, {} as never);

it('policies run slot by slot, and inside a slot as the config lists them', async () => {
  const policies = await chain(
    ['tidy', 'second', 'who', 'first'],
    [
      descriptor('tidy', 'transform', passes('tidy')),
      descriptor('first', 'limit', passes('first')),
      descriptor('second', 'limit', passes('second')),
      descriptor('who', 'identify', passes('who')),
    ],
  );
  expect(run(policies)).toBeUndefined();
  expect(trace).toEqual(['who', 'second', 'first', 'tidy']);
});

it('what is synchronous stays so, and one that waits makes only those behind it wait', async () => {
  const policies = await chain(
    ['a', 'b', 'c'],
    [
      descriptor('a', 'identify', passes('a')),
      descriptor('b', 'admit', waits('b')),
      descriptor('c', 'limit', passes('c')),
    ],
  );
  const verdict = run(policies);
  expect(trace).toEqual(['a']);
  expect(verdict).toBeInstanceOf(Promise);
  expect(await verdict).toBeUndefined();
  expect(trace).toEqual(['a', 'b', 'c']);
});

it('the first refusal ends it, before or behind one that waits', async () => {
  const early = await chain(
    ['no', 'a'],
    [descriptor('no', 'identify', refuses), descriptor('a', 'admit', passes('a'))],
  );
  expect(run(early)).toBeInstanceOf(GatewayError);
  expect(trace).toEqual([]);
  const late = await chain(
    ['w', 'no', 'a'],
    [
      descriptor('w', 'identify', waits('w')),
      descriptor('no', 'admit', refuses),
      descriptor('a', 'limit', passes('a')),
    ],
  );
  expect(await run(late)).toBeInstanceOf(GatewayError);
  expect(trace).toEqual(['w']);
});

it('where one can not be made, those made before it are disposed of', async () => {
  const faulty: PolicyDescriptor<unknown> = {
    ...descriptor('faulty', 'limit', {})[1],
    create: () => Promise.reject(new Error('no such issuer')),
  };
  const all = [descriptor('a', 'identify', passes('a')), ['faulty', faulty] as [string, typeof faulty]];
  await expect(chain(['a', 'faulty'], all)).rejects.toThrow('policy faulty: no such issuer');
  expect(trace).toEqual(['a disposed']);
});

it('all of them are disposed of with the chain', async () => {
  const policies = await chain(['a'], [descriptor('a', 'identify', passes('a'))]);
  expect(run(policies)).toBeUndefined();
  expect(trace.splice(0)).toEqual(['a']);
  await policies.dispose();
  expect(trace).toEqual(['a disposed']);
});

it('one that this process does not have is never left out: the route would be open', async () => {
  const all = [descriptor('a', 'identify', passes('a'))];
  await expect(chain(['a', 'own'], all)).rejects.toThrow('policy own: this process does not have it');
  expect(trace).toEqual([]);
});
