import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventGate } from '../../../src/lib/event-gate.ts';

const LARGEST = 1024 * 1024;

const pass = (gate: EventGate, text: string): string => gate.pass(Buffer.from(text)).toString();

it('holds the beginning of an event until its end has come', () => {
  const gate = new EventGate(LARGEST);
  expect(pass(gate, 'data: 1\n\ndata: 2')).toBe('data: 1\n\n');
  expect(pass(gate, '\n')).toBe('');
  expect(pass(gate, '\ndata: 3\n\n')).toBe('data: 2\n\ndata: 3\n\n');
  expect(gate.rest().length).toBe(0);
});

it.each(['\n\n', '\r\n\r\n', '\r\r', '\n\r\n'])('knows the end of an event however it comes: %j', (end) => {
  const text = `data: 1${end}`;
  for (let at = 1; at < text.length; at++) {
    const gate = new EventGate(LARGEST);
    expect(pass(gate, text.slice(0, at)) + pass(gate, text.slice(at)), `cut at ${at}`).toBe(text);
  }
});

it('lets every byte through once and in order, and never ends inside an event', () => {
  const part = fc.constantFrom('data: x', 'd', '\n', '\n\n', '\r', '\r\n', '\r\n\r\n', ': c', '\u00e9');
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 40, size: 'max' }),
      fc.array(fc.nat(200), { maxLength: 20, size: 'max' }),
      (parts, cuts) => {
        const bytes = Buffer.from(parts.join(''));
        const at = [...new Set(cuts.map((cut) => Math.min(cut, bytes.length)))].sort((a, b) => a - b);
        const gate = new EventGate(LARGEST);
        let out = '';
        for (const [i, end] of [...at, bytes.length].entries()) {
          out += gate.pass(bytes.subarray(i === 0 ? 0 : at[i - 1], end)).toString('latin1');
          expect(out === '' || /(\n|\r)$/.test(out)).toBe(true);
        }
        expect(gate.isInside).toBe(false);
        expect(out + gate.rest().toString('latin1')).toBe(bytes.toString('latin1'));
      },
    ),
  );
});

it('lets whole comments through at once, where no event has begun', () => {
  const gate = new EventGate(LARGEST);
  expect(pass(gate, ': still there\n')).toBe(': still there\n');
  expect(pass(gate, ': one\n: two\n')).toBe(': one\n: two\n');
  expect(pass(gate, ': half')).toBe('');
  expect(pass(gate, '\n\n')).toBe(': half\n\n');
  expect(pass(gate, 'data: 1\n\n: c\n')).toBe('data: 1\n\n: c\n');
  expect(pass(gate, ': c\ndata: 2\n')).toBe('');
  expect(pass(gate, ': in an event\n')).toBe('');
  expect(pass(gate, '\n')).toBe(': c\ndata: 2\n: in an event\n\n');
  expect(gate.isInside).toBe(false);
});

it('lets an event through that is too large to be held, and knows that it is inside one', () => {
  const gate = new EventGate(LARGEST);
  const piece = 'x'.repeat(600 * 1024);
  expect(pass(gate, `data: ${piece}`).length).toBe(0);
  expect(pass(gate, piece).length).toBe(6 + 2 * piece.length);
  expect(gate.isInside).toBe(true);
  expect(pass(gate, 'y\n')).toBe('y\n');
  expect(gate.isInside).toBe(true);
  expect(pass(gate, '\ndata: 2')).toBe('\n');
  expect(gate.isInside).toBe(false);
  expect(gate.rest().toString()).toBe('data: 2');
});
