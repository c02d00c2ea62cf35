import { expect, test } from 'vitest';
import { canonical, digestOf, rolling } from '../../../src/context/canonical.ts';
import type { Message } from '../../../src/contracts/model-request.ts';

test('a picture is read once, however often its message is compared, and another one is another message', () => {
  let readings = 0;
  const picture = (pixels: string): Message => {
    const source = {
      type: 'base64' as const,
      mediaType: 'image/png',
      get data() {
        readings++;
        return pixels;
      },
    };
    return { role: 'user', at: '', content: [{ type: 'image', at: '', source }] };
  };
  const one = picture('b25l');
  const said = canonical(one);
  expect([canonical(one), canonical(picture('b25l'))]).toEqual([said, said]);
  digestOf('seed', one);
  rolling('seed', [one]);
  expect(readings).toBe(2);
  expect(canonical(picture('dHdv'))).not.toBe(said);
});
