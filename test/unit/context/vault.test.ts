import { describe, expect, test } from 'vitest';
import { openPrivacy } from '../../../src/context/privacy/index.ts';
import { SealBroken } from '../../../src/context/privacy/seal-broken.ts';
import { openVault, type Vault } from '../../../src/context/privacy/vault.ts';
import { type Documents, StoreUnavailable } from '../../../src/contracts/store.ts';
import { openStore } from '../../../src/stores/index.ts';

const DAY = 24 * 60 * 60 * 1000;

async function documents(): Promise<Documents> {
  return (await openStore('memory:', { commandTimeoutMs: 1000 })).documents;
}

const vault = (
  docs: Documents,
  encryptWith = 'a secret of the first year',
  decryptWith: string[] = [],
  now = () => 0,
): Vault => openVault({ documents: docs, encryptWith, decryptWith, now });

describe('what one tenant said', () => {
  test('is not readable where it lies, and reads as it was', async () => {
    const docs = await documents();
    const seal = await vault(docs).of('shop');
    const sealed = seal.seal('My account number is 4711');
    expect(sealed).not.toContain('4711');
    expect(Buffer.from(sealed.split(':')[2] as string, 'base64').toString('latin1')).not.toContain('account');
    expect(seal.seal('My account number is 4711')).not.toBe(sealed);
    expect(seal.open(sealed)).toBe('My account number is 4711');
    expect(JSON.stringify(await docs.list('context-keys'))).not.toContain('first year');
    // Another replica with the same config.
    expect((await vault(docs).of('shop')).open(sealed)).toBe('My account number is 4711');
  });

  test('opens for nobody else, and not if a letter was changed', async () => {
    const docs = await documents();
    const keys = vault(docs);
    const sealed = (await keys.of('shop')).seal('mine');
    const other = await keys.of('bank');
    expect(() => other.open(sealed)).toThrow(SealBroken);
    const changed = sealed.slice(0, -6) + (sealed.endsWith('AAAA==') ? 'BBBB==' : 'AAAA==');
    const mine = await keys.of('shop');
    expect(() => mine.open(changed)).toThrow(SealBroken);
  });

  test('keys moved to another tenant in the store open nothing', async () => {
    const docs = await documents();
    const sealed = (await vault(docs).of('shop')).seal('mine');
    const stolen = await docs.get('context-keys', 'tenant shop');
    await docs.put('context-keys', 'tenant thief', stolen?.value);
    await expect(async () => (await vault(docs).of('thief')).open(sealed)).rejects.toThrow(SealBroken);
  });

  test('is gone for good with its key, also from a copy of the data', async () => {
    const docs = await documents();
    const keys = vault(docs);
    const sealed = (await keys.of('shop')).seal('mine');
    expect(await keys.destroy('shop')).toBe(true);
    const after = await keys.of('shop');
    expect(() => after.open(sealed)).toThrow(SealBroken);
    expect(after.open(after.seal('new'))).toBe('new');
    expect(await keys.destroy('nobody')).toBe(false);
  });

  test('a key destroyed elsewhere is trusted ten seconds at most', async () => {
    const docs = await documents();
    let now = 0;
    const here = vault(docs, undefined, [], () => now);
    const sealed = (await here.of('shop')).seal('mine');
    await vault(docs).destroy('shop');
    now = 10_001;
    const seal = await here.of('shop');
    expect(() => seal.open(sealed)).toThrow(SealBroken);
  });
});

describe('keys change', () => {
  test('a new secret takes over what the old one wrapped, which then is not needed any more', async () => {
    const docs = await documents();
    const sealed = (await vault(docs, 'the old secret of ours').of('shop')).seal('mine');
    const rotated = vault(docs, 'the new secret of ours', ['the old secret of ours']);
    expect((await rotated.of('shop')).open(sealed)).toBe('mine');
    expect((await vault(docs, 'the new secret of ours').of('shop')).open(sealed)).toBe('mine');
    await expect(async () => await vault(docs, 'the old secret of ours').of('shop')).rejects.toThrow(
      /decryptWith/,
    );
  });

  test('replicas that know both secrets, each the other one first, open what either wraps', async () => {
    const docs = await documents();
    const [old, young] = ['the old secret of ours', 'the new secret of ours'];
    const sealed = (await vault(docs, old).of('shop')).seal('mine');
    for (const [own, other] of [
      [young, old],
      [old, young],
      [young, old],
    ] as const)
      expect((await vault(docs, own, [other]).of('shop')).open(sealed)).toBe('mine');
  });

  test('a data key seals for 90 days, and what it sealed stays readable', async () => {
    const docs = await documents();
    let now = 0;
    const keys = vault(docs, undefined, [], () => now);
    const old = (await keys.of('shop')).seal('old');
    now = 91 * DAY;
    const young = (await keys.of('shop')).seal('young');
    expect(young.split(':')[1]).not.toBe(old.split(':')[1]);
    expect((await keys.of('shop')).open(old)).toBe('old');
    await keys.rotate('shop');
    expect((await keys.of('shop')).seal('x').split(':')[1]).not.toBe(young.split(':')[1]);
    expect((await keys.of('shop')).open(young)).toBe('young');
  });

  test('two replicas that meet a tenant at once end with one key', async () => {
    const docs = await documents();
    const [a, b] = await Promise.all([vault(docs).of('shop'), vault(docs).of('shop')]);
    const sealed = a.seal('mine');
    expect((await vault(docs).of('shop')).open(sealed)).toBe('mine');
    expect((await vault(docs).of('shop')).open(b.seal('mine too'))).toBe('mine too');
  });

  test('at hand they are given at once: the request path does not wait', async () => {
    const keys = vault(await documents());
    await keys.of('shop');
    expect(keys.of('shop')).not.toBeInstanceOf(Promise);
  });

  test('without a secret nothing is sealed, and what was sealed stays shut', async () => {
    const docs = await documents();
    const sealed = (await vault(docs).of('shop')).seal('mine');
    const open = await vault(docs, '').of('shop');
    expect(open.seal('plain')).toBe('plain');
    expect(() => open.open(sealed)).toThrow(/encryptWith is empty/);
    // What was stored before there was a secret is read all the same.
    expect((await vault(docs).of('shop')).open('{"messages":[]}')).toBe('{"messages":[]}');
  });

  test('a tenant that says nothing while the secret changes is not locked out', async () => {
    const docs = await documents();
    const [old, young] = ['the old secret of ours', 'the new secret of ours'];
    const sealed = (await vault(docs, old).of('silent')).seal('mine');
    await vault(docs, 'a secret that nobody has any more').of('lost');

    expect(await vault(docs, young, [old]).renew()).toEqual({
      current: 1,
      former: 0,
      unknown: 1,
      damaged: 0,
    });

    expect((await vault(docs, young).of('silent')).open(sealed)).toBe('mine');
  });

  test('one whose keys are damaged keeps no other from theirs', async () => {
    const docs = await documents();
    const [old, young] = ['the old secret of ours', 'the new secret of ours'];
    for (const tenant of ['a', 'b', 'c']) await vault(docs, old).of(tenant);
    const stored = await docs.get<{ keys: object[] }>('context-keys', 'tenant b');
    const keys = stored?.value.keys.map((key) => ({ ...key, wrapped: 'AAAA' }));
    await docs.put('context-keys', 'tenant b', { ...stored?.value, keys });

    expect(await vault(docs, young, [old]).renew()).toEqual({
      current: 2,
      former: 0,
      unknown: 0,
      damaged: 1,
    });

    expect((await vault(docs, young).of('c')).open('said in the open')).toBe('said in the open');
  });
});

test('keys that others change all the time are none whose secret is unknown', async () => {
  const docs = await documents();
  const [old, young] = ['the old secret of ours', 'the new secret of ours'];
  for (const tenant of ['busy', 'calm']) await vault(docs, old).of(tenant);
  await vault(docs, 'a secret that nobody has any more').of('lost');
  // Each write of this one is too late.
  const contended = new Proxy(docs, {
    get:
      (of, name) =>
      (...asked: unknown[]) =>
        name === 'put' && asked[1] === 'tenant busy'
          ? Promise.resolve({ ok: false, version: 2 })
          : Reflect.apply(Reflect.get(of, name), of, asked),
  });

  const found = await vault(contended, young, [old]).renew();
  expect(found).toEqual({ current: 1, former: 1, unknown: 1, damaged: 0 });
  // The next look finds them calm.
  expect(await vault(docs, young, [old]).renew()).toEqual({ current: 2, former: 0, unknown: 1, damaged: 0 });
});

test('a key that may have gone seals nothing more, though nobody says that it has', async () => {
  const docs = await documents();
  // It is gone, and its answer with the line.
  const cut = new Proxy(docs, {
    get:
      (of, name) =>
      async (...asked: unknown[]) => {
        const answer = await Reflect.apply(Reflect.get(of, name), of, asked);
        if (name === 'delete') throw new StoreUnavailable('the line was cut');
        return answer;
      },
  });
  const keys = vault(cut);
  const sealed = (await keys.of('shop')).seal('mine');
  await expect(keys.destroy('shop')).rejects.toThrow('the line was cut');
  const after = await keys.of('shop');
  expect(() => after.open(sealed)).toThrow(SealBroken);
  expect((await vault(docs).of('shop')).open(after.seal('said since'))).toBe('said since');
});

describe('what digests are keyed with where nothing is sealed', () => {
  const house = (docs: Documents) =>
    openPrivacy(
      () => ({ redact: [], encryptWith: '', decryptWith: [] }),
      docs,
      () => 0,
    );

  test('a store that lost it is told it again', async () => {
    const docs = await documents();
    const one = house(docs);
    const { secret } = await one.of('shop');
    await docs.delete('context-keys', 'installation');
    await one.renew();
    expect((await house(docs).of('shop')).secret).toBe(secret);
  });

  test('of two that know different ones after a loss each learns the other’s, and one holds', async () => {
    const docs = await documents();
    const old = house(docs);
    const { secret: before } = await old.of('shop');
    await docs.delete('context-keys', 'installation');
    const young = house(docs);
    const { secret: after } = await young.of('shop');
    expect(after).not.toBe(before);
    for (const each of [old, young, old]) await each.renew();

    for (const each of [old, young, house(docs)]) {
      const seal = await each.of('shop');
      expect([seal.secret, seal.formerSecrets]).toEqual([after, [before, '']]);
    }
  });
});
