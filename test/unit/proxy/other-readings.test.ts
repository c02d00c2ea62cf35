import { expect, it } from 'vitest';
import type { Slot } from '../../../src/contracts/policy.ts';
import { atOnce } from '../../../src/lib/slices.ts';
import { otherReadings } from '../../../src/proxy/other-readings.ts';

const SLOTS: Readonly<Record<string, Slot>> = {
  'auth-api-key': 'identify',
  authorize: 'admit',
  cors: 'admit',
  'rate-limit': 'limit',
};
const KEY = { 'auth-api-key': {} };

const route = (name: string, path: string, ...policies: Record<string, unknown>[]) => ({
  name,
  match: { path, methods: ['GET'] },
  policies,
});

const readings = (...routes: ReturnType<typeof route>[]) =>
  atOnce(otherReadings(routes, (policy) => SLOTS[policy]));

it('what stands before the other route, and not before this one, makes the difference', () => {
  const read = readings(
    route('open', '/*', { 'rate-limit': {} }),
    route('admin', '/admin/*', KEY),
    route('root', '/admin/root/*', KEY, { authorize: { groups: ['root'] } }),
    route('site', '/site/*', { cors: {} }),
  );
  const [open, admin, root, site] = ['open', 'admin', 'root', 'site'].map((name) => read(name));
  expect([open?.('/Admin'), open?.('/admin/Root'), open?.('/Site'), open?.('/Elsewhere')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([admin?.('/admin/Root/x'), admin?.('/admin/X')]).toEqual([true, false]);
  expect(root, 'nobody asks for more').toBe(undefined);
  expect(site?.('/;a/admin/x')).toBe(true);
});

it('where no route asks for more than another, nothing is looked at', () => {
  expect(readings(route('a', '/a/*'), route('b', '/b/*', { cors: {} }))('a')).toBe(undefined);
  expect(readings(route('a', '/a/*', KEY), route('b', '/b/*', KEY))('a')).toBe(undefined);
});

it('parameters, names of one route that differ in capitals, and percent signs', () => {
  const read = readings(
    route('open', '/*'),
    route('user', '/users/{id}', KEY),
    route('Big', '/Big'),
    route('big', '/big', KEY),
  );
  const open = read('open');
  expect([open?.('/users/7/'), open?.('/users/7/x;y'), open?.('/USERS/100%25')]).toEqual([true, false, true]);
  expect(read('Big')?.('/Big'), 'the config tells them apart by capitals').toBe(false);
});
