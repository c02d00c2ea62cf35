import { expect, it } from 'vitest';
import { bytesDigest } from '../../../src/lib/bytes-digest.ts';

it('parts of a log, all of one length and make, are told apart whatever the period of their words', () => {
  for (let name = 1; name < 12; name++) {
    const bodies = Array.from({ length: 13 }, (_, of) => {
      const lines = Array.from({ length: 400 }, (_each, at) => `${'l'.repeat(name)}${1_200 + of * 400 + at}`);
      return Buffer.from(JSON.stringify({ content: lines.join(' ') }));
    });
    expect(new Set(bodies.map(bytesDigest)).size, `a name of ${name}`).toBe(bodies.length);
  }
});
