import { expect, it } from 'vitest';
import { Mirror } from '../../../src/hypercare/mirror.ts';
import { counted } from '../../helpers/counted-documents.ts';

interface Thing {
  readonly name: string;
  readonly isOpen: boolean;
}

const id = (number: number): string => `t${String(number).padStart(4, '0')}`;

it('reads only what has changed, whoever changed it, and is never behind', async () => {
  const { documents, read, close } = await counted();
  for (let n = 0; n < 450; n++) await documents.put('things', id(n), { name: `thing ${n}`, isOpen: n === 3 });
  const mirror = new Mirror<Thing>(documents, 'things', {
    most: 100,
    pick: (thing) => thing,
    isLasting: ({ isOpen }) => isOpen,
  });

  const all = await mirror.all();
  expect(read()).toBe(450);
  // The newest hundred, and the one that is older and still open.
  expect(all.map(({ name }) => name)).toEqual([
    ...Array.from({ length: 100 }, (_, n) => `thing ${449 - n}`),
    'thing 3',
  ]);
  await mirror.all();
  expect(read()).toBe(0);

  const looking = mirror.all();
  await documents.put('things', id(449), { name: 'another', isOpen: false });
  await documents.put('things', id(450), { name: 'new', isOpen: false });
  await documents.delete('things', id(448));
  const [, now, again] = await Promise.all([looking, mirror.all(), mirror.all()]);
  expect(now.slice(0, 3).map(({ name }) => name)).toEqual(['new', 'another', 'thing 447']);
  expect(again).toBe(now);
  expect(read()).toBe(2);
  await close();
});

it('a store that is away is said, and the next look is whole', async () => {
  const { documents, close } = await counted();
  await documents.put('things', id(1), { name: 'a', isOpen: false });
  let isAway = true;
  const mirror = new Mirror<Thing, string>(
    {
      ...documents,
      versions: async (...args) => {
        if (isAway) throw new Error('away');
        return documents.versions(...args);
      },
    },
    'things',
    { most: 10, pick: ({ name }) => name },
  );
  await expect(mirror.all()).rejects.toThrow('away');
  isAway = false;
  expect(await mirror.all()).toEqual(['a']);
  await close();
});

it('after a write what was written is read, and nothing else is looked at, however much there is', async () => {
  const { documents, read, close } = await counted();
  for (let n = 0; n < 1000; n++) await documents.put('things', id(n), { name: `thing ${n}`, isOpen: n < 2 });
  let compared = 0;
  const mirror = new Mirror<Thing>(
    {
      ...documents,
      versions: async (...args) => {
        compared++;
        return documents.versions(...args);
      },
    },
    'things',
    { most: 3, pick: (thing) => thing, isLasting: ({ isOpen }) => isOpen },
  );
  const names = async () => (await mirror.all()).map(({ name }) => name);
  expect(await names()).toEqual(['thing 999', 'thing 998', 'thing 997', 'thing 1', 'thing 0']);
  const [comparedAtFirst] = [compared, read()];

  // One that is over is let go, and one that was let go is back because it is open again.
  await documents.put('things', id(1), { name: 'thing 1', isOpen: false });
  await documents.put('things', id(500), { name: 'thing 500', isOpen: true });
  await documents.put('things', id(400), { name: 'thing 400', isOpen: false });
  await documents.put('things', id(1000), { name: 'thing 1000', isOpen: false });
  await documents.put('things', id(999), { name: 'thing 999 again', isOpen: false });
  expect(await names()).toEqual(['thing 1000', 'thing 999 again', 'thing 998', 'thing 500', 'thing 0']);
  expect(read()).toBe(5);
  await documents.delete('things', id(998));
  await documents.delete('things', id(0));
  expect(await names()).toEqual(['thing 1000', 'thing 999 again', 'thing 500']);
  expect(read()).toBe(0);
  expect(compared).toBe(comparedAtFirst);

  // So much was written that nobody knows what: all of it is compared.
  for (let n = 0; n < 1200; n++) await documents.put('things', id(1001), { name: `${n}`, isOpen: false });
  expect(await names()).toEqual(['1199', 'thing 1000', 'thing 999 again', 'thing 500']);
  expect(compared).toBeGreaterThan(comparedAtFirst);
  await close();
});
