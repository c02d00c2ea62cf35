import { expect, it } from 'vitest';
import { endsWithClose } from '../../../src/proxy/close-frame.ts';

it.each([
  ['8800', true],
  ['880203e9', true],
  ['880603e964 6f6e65', true],
  ['8102686988 0203e9', true],
  ['81026869', false],
  ['', false],
  ['88', false],
  ['8802', false],
  ['880203e9 8900', false],
])('%s ends with a Close frame: %s', (hex, ends) => {
  expect(endsWithClose(Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toBe(ends);
});

it('the longest one is found, and nothing before it is looked at', () => {
  const frame = Buffer.concat([Buffer.from([0x88, 125]), Buffer.alloc(125)]);
  expect(endsWithClose(Buffer.concat([Buffer.alloc(70_000), frame]))).toBe(true);
  expect(endsWithClose(Buffer.alloc(70_000))).toBe(false);
  expect(endsWithClose(undefined)).toBe(false);
});
