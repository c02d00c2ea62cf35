import { expect, it } from 'vitest';
import { CancelSignal } from '../../../src/upstream/signal.ts';

function heard() {
  const signal = new CancelSignal();
  const names: string[] = [];
  const hear = (name: string, also: () => void = () => undefined) => {
    const listener = (): void => {
      names.push(name);
      also();
    };
    signal.once('abort', listener);
    return () => signal.off('abort', listener);
  };
  return { signal, names, hear };
}

it('whoever listens hears it once, in the order in which they began to, and who lets go does not', () => {
  const { signal, names, hear } = heard();
  const [first, , third] = ['first', 'second', 'third'].map((name) => hear(name));
  first?.();
  hear('fourth');
  third?.();
  third?.();
  hear('fifth');
  const reason = new Error('gone');
  signal.abort(reason);
  signal.abort(new Error('again'));
  expect(names).toEqual(['second', 'fourth', 'fifth']);
  expect([signal.aborted, signal.reason]).toEqual([true, reason]);
  hear('late');
  signal.abort(reason);
  expect(names).not.toContain('late');
});

it('it has a reason before anybody hears it, and nobody who is to hear it is left out by another', () => {
  const { signal, names, hear } = heard();
  let letGo = (): void => undefined;
  hear('first', () => {
    names.push(String(signal.reason));
    letGo();
    hear('meanwhile');
  });
  letGo = hear('second');
  signal.abort(new Error('gone'));
  expect(names).toEqual(['first', 'Error: gone', 'second']);
});

it('who listens twice hears it twice, and lets go once at a time', () => {
  const { signal, names } = heard();
  const listener = (): void => void names.push('heard');
  for (let i = 0; i < 3; i++) signal.once('abort', listener);
  signal.off('abort', listener);
  signal.off('abort', () => undefined);
  signal.abort(new Error('gone'));
  expect(names).toEqual(['heard', 'heard']);
});
