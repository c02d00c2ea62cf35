import { expect, it } from 'vitest';
import { formatSize, parseSize } from '../../../src/lib/size.ts';

it('powers of 1024, in whole bytes', () => {
  expect(['512b', '64kb', '1.5kb', '10mb', '1gb', '0.3b'].map(parseSize)).toEqual([
    512, 65_536, 1536, 10_485_760, 1_073_741_824, 0,
  ]);
});

it.each(['', '10', 'kb', '10MB', '10 kb', '-1b', '10k', `${'9'.repeat(400)}gb`])('%j is no size', (text) => {
  expect(parseSize(text)).toBeUndefined();
});

it('is written in the largest unit that keeps it whole', () => {
  expect([0, 1000, 65_536, 10_485_760].map(formatSize)).toEqual(['0b', '1000b', '64kb', '10mb']);
});
