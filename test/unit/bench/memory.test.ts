import { expect, test } from 'vitest';
import type { Call, Subject } from '../../../bench/harness/suite.ts';
import { hold } from '../../../bench/load/memory-held.ts';
import { live, thirdsOf } from '../../../bench/load/memory-lived.ts';
import { GET_1KB } from '../../../bench/load/messages.ts';
import { itemsUpstream } from '../../../bench/load/upstreams.ts';

const absent: Subject = {
  name: 'Bifrost',
  what: '',
  missing: () => 'not installed',
  start: () => Promise.reject(new Error('it is not here')),
};

const call: Call = {
  effort: { rounds: 1, seconds: 1, warmUpSeconds: 0, isSmoke: true },
  say: () => undefined,
  wants: () => true,
};

const plan = { asked: GET_1KB, upstream: itemsUpstream(), subjects: [absent] };
const missing = [{ subject: 'Bifrost', why: 'not installed' }];

test('a subject that is not here is missing, and not left out without a word', async () => {
  const held = await hold({ ...plan, name: 'idle', groups: [], reads: true, heldMs: 1 }, call);
  expect(held).toEqual({ held: [], present: [], missing });
  const lived = await live({ ...plan, requests: 1, withinSeconds: () => 1 }, call);
  expect(lived).toEqual({ lived: [], present: [], missing });
});

test('memory is told of each third of a run, of few samples too', () => {
  expect(thirdsOf([100, 110, 120, 200, 200, 200, 210, 220, 230])).toEqual({
    first: 110,
    middle: 200,
    last: 220,
  });
  expect(thirdsOf([100, 200, 300, 400])).toEqual({ first: 150, middle: 150, last: 350 });
  expect(thirdsOf([100])).toEqual({ first: 100, middle: 100, last: 100 });
});
