import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { PatchError, type PatchOperation, patchText } from '../../../src/config/json-patch.ts';
import type { Detection } from '../../../src/contracts/finding.ts';
import { prepare, writtenOf } from '../../../src/hypercare/actions/prepare.ts';
import { propose } from '../../../src/hypercare/actions/propose.ts';
import type { Action } from '../../../src/hypercare/findings/finding.ts';
import { detection, REVISION } from '../../helpers/told-engine.ts';

const [A, B, C] = ['http://a:1', 'http://b:1', 'http://c:1'] as const;
const BASE = { upstreams: {}, routes: [], consumers: [], ai: { models: {}, prompts: {} } };

interface Config {
  /** As the file says it. */
  readonly written: object;
  /** The file itself, where that says more. */
  readonly text?: string;
  /** The file that has come since. */
  readonly now?: string;
  /** With its defaults, where an action asks for them. */
  readonly config?: object;
  /** Of revisions, from the first. */
  readonly revisions?: readonly object[];
}

/** What is offered for a finding, the best first. */
async function offered(found: Partial<Detection>, of: Config): Promise<Action[]> {
  const { written, config = written, revisions = [], text = stringify(written), now = text } = of;
  const live = { targets: () => [A, B].map((url) => ({ url, weight: 1, state: 'healthy' })) };
  const textOf = async (revision: number) =>
    revisions[revision - 1] === undefined ? undefined : stringify(revisions[revision - 1]);
  const proposals = await propose({
    detection: detection(found),
    config: { ...BASE, ...config } as never,
    written: writtenOf(text),
    live,
    textOf,
  });
  const port = { text: now, revise: async (change: { text(now: string): string }) => change.text(now) };
  const ports = { config: port as never, live: live as never, now: 0 };
  const actions = await Promise.all(proposals.map((proposal, n) => prepare(proposal, n, text, ports)));
  return actions.filter((action) => action !== undefined);
}

const at = (scope: Record<string, string>, kind: string): Partial<Detection> => ({
  where: { scopes: [scope], share: 1, normal: [] },
  cause: { kind: kind as never, sentence: '', confidence: 0.95, change: null },
});
const patched = (config: object, patch: readonly PatchOperation[]): unknown =>
  parse(patchText(stringify(config), patch));

const targets = (...urls: string[]) => ({ upstreams: { shop: { targets: urls.map((url) => ({ url })) } } });
const weighed = { upstreams: { shop: { targets: [A, B].map((url) => ({ url, weight: 1 })) } } };

test('a target is given no traffic only where it stands: another at its place is left alone, there and on the way back', async () => {
  const [shift] = await offered(at({ upstream: 'shop', target: B }, 'target'), {
    written: targets(A, B),
    config: weighed,
  });
  expect(shift).toMatchObject({ kind: 'shift-traffic', dryRun: { ok: true } });
  const { does, undoes } = shift as Action;
  const done = patched(targets(A, B), does.patch);
  expect(done).toEqual({ upstreams: { shop: { targets: [{ url: A }, { url: B, weight: 0 }] } } });
  expect(patched(done as object, undoes.patch)).toEqual(targets(A, B));

  expect(() => patched(targets(B, C), does.patch)).toThrow(PatchError);
  const others = { upstreams: { shop: { targets: [{ url: B }, { url: C, weight: 0 }] } } };
  expect(() => patched(others, undoes.patch)).toThrow(PatchError);
});

const key = (id: string) => ({ id, sha256: '0'.repeat(64) });
const callers = (...names: string[]) => ({
  consumers: names.map((name) => ({ name, keys: [key(`${name}-1`)] })),
});

test('a key is revoked only of its consumer, and only itself: their places move', async () => {
  const [revoke] = await offered(at({ consumer: 'bob' }, 'key'), { written: callers('ada', 'bob') });
  expect(revoke).toMatchObject({ kind: 'revoke-key', dryRun: { ok: true } });
  const { patch } = (revoke as Action).does;
  expect(patched(callers('ada', 'bob'), patch)).toMatchObject({
    consumers: [{ name: 'ada' }, { name: 'bob', keys: [{ expires: expect.any(String) }] }],
  });
  expect(() => patched(callers('bob', 'cy'), patch)).toThrow(PatchError);
  const rotated = { consumers: [{ name: 'ada' }, { name: 'bob', keys: [key('bob-2'), key('bob-1')] }] };
  expect(() => patched(rotated, patch)).toThrow(PatchError);
});

test('nothing is offered for whom another revision, which came while it was made, has put in its place', async () => {
  const found = at({ consumer: 'bob' }, 'key');
  const written = callers('ada', 'bob');
  const [same] = await offered(found, { written, now: stringify({ ...callers('ada', 'bob'), routes: [] }) });
  expect(same).toMatchObject({ kind: 'revoke-key', dryRun: { ok: true } });
  const moved = await offered(found, { written, now: stringify(callers('new', 'ada', 'bob')) });
  expect(moved.map(({ kind }) => kind)).not.toContain('revoke-key');
});

test('a map that has two merge keys is no reason to offer nothing', async () => {
  const text = `usual: &usual { spread: round-robin }
others: &others { timeout: 1s }
upstreams:
  shop:
    <<: *usual
    <<: *others
    targets: [{ url: "${A}" }, { url: "${B}" }]
`;
  const [shift] = await offered(at({ upstream: 'shop', target: B }, 'target'), {
    written: targets(A, B),
    text,
    config: weighed,
  });
  expect(shift).toMatchObject({ kind: 'shift-traffic', dryRun: { ok: true } });
});

test('what names a member of a list, and is a secret, is not shown for it', async () => {
  const notify = (on: string[]) => ({
    hypercare: { notify: [{ kind: 'slack', url: 'https://hooks.test/T0/secret', on }] },
  });
  const [back] = await offered(ofRevision('2'), {
    written: notify(['opened']),
    revisions: [notify(['opened', 'resolved']), notify(['opened'])],
  });
  expect(back).toMatchObject({ kind: 'rollback-config', dryRun: { ok: true } });
  expect(JSON.stringify(back)).not.toContain('hooks.test');
});

function ofRevision(to: string): Partial<Detection> {
  const change = { ...REVISION, to };
  return { cause: { kind: 'config', sentence: '', confidence: 0.95, change } };
}

const pools = (limit: number | undefined, ...routes: string[]) => ({
  upstreams: { shop: { targets: [{ url: A }], ...(limit && { pool: { max: limit } }) } },
  routes: routes.map((name) => ({ name, match: { path: `/${name}` }, upstream: 'shop', policies: [] })),
});
const rollbackOf = async (...revisions: object[]): Promise<Action | undefined> => {
  const actions = await offered(ofRevision('2'), { written: revisions.at(-1) as object, revisions });
  return actions.find(({ kind }) => kind === 'rollback-config');
};

test('a revision is taken back, and what came after it elsewhere is kept', async () => {
  const latest = pools(10, 'list', 'cart');
  const back = await rollbackOf(pools(50, 'list'), pools(10, 'list'), latest);
  expect(back?.title).toBe('Revert revision 2, keeping what came after it');
  expect(patched(latest, back?.does.patch ?? [])).toEqual(pools(50, 'list', 'cart'));
});

test('one is not taken back over what a later one says there', async () => {
  expect(await rollbackOf(pools(50), pools(10), pools(80))).toBeUndefined();
  // Nor where it took something away, and a later one has put something else there.
  expect(await rollbackOf(pools(50), pools(undefined), pools(80))).toBeUndefined();
  expect(await rollbackOf(pools(50), pools(undefined))).toBeDefined();
});

test('one that changed a route is not taken back at another that stands in its place by now', async () => {
  const slow = (upstream: string, ...before: string[]) => {
    const { routes, ...rest } = pools(10, ...before, 'list', 'cart');
    return {
      ...rest,
      routes: routes.map((route) => (route.name === 'cart' ? { ...route, upstream } : route)),
    };
  };
  expect(await rollbackOf(slow('shop'), slow('late'), slow('late'))).toBeDefined();
  expect(await rollbackOf(slow('shop'), slow('late'), slow('late', 'new'))).toBeUndefined();
  // Another of the same value at its place, too.
  const swapped = { ...slow('late'), routes: slow('late').routes.map((route) => ({ ...route, name: 'x' })) };
  expect(await rollbackOf(slow('shop'), slow('late'), swapped)).toBeUndefined();
});

test('a member that has its name, or more of it, by a merge key is tested by what it says itself', async () => {
  const text = `usual: &usual
  upstream: shop
routes:
  - <<: *usual
    name: list
    policies: []
    split:
      - { upstream: shop, weight: 9 }
      - { upstream: next, weight: 1 }
`;
  const written = writtenOf(text) as object;
  const [shift] = await offered(at({ route: 'list', upstream: 'next' }, 'unknown'), { written, text });
  expect(shift).toMatchObject({ kind: 'shift-traffic', dryRun: { ok: true } });
  const { does, undoes } = shift as Action;
  const done = patchText(text, does.patch);
  expect(done).toBe(text.replace('next, weight: 1', 'next, weight: 0'));
  expect(patchText(done, undoes.patch)).toBe(text);
  const others = text.replace('name: list', 'name: cart');
  expect(() => patchText(others, does.patch)).toThrow(PatchError);
  expect(() => patchText(text.replace('next', 'late'), does.patch)).toThrow(PatchError);
});
