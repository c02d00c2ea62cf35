import { expect, it } from 'vitest';
import { promptChanges } from '../../../src/ai/prompts/changes.ts';

type Config = Parameters<typeof promptChanges>[0];
type Prompt = Config['prompts'][string];

const prompt = (version: number, weights: (number | undefined)[] = [], text = 'a'): Prompt => ({
  model: 'smart',
  version,
  versions: Object.fromEntries(
    [weights[0], weights[1]].map((weight, i) => [
      String(i + 1),
      {
        messages: [{ role: 'user' as const, content: text }],
        parameters: {},
        ...(weight !== undefined && { weight }),
      },
    ]),
  ),
  anyVersion: false,
  showText: false,
});
const config = (prompts: Record<string, Prompt>, partials: Record<string, string> = {}): Config => ({
  prompts,
  partials,
});

it('tells which version answers from now on', () => {
  const change = promptChanges(
    config({ t: prompt(1), u: prompt(1) }),
    config({ t: prompt(2), u: prompt(1) }),
  );
  expect(change).toEqual([{ subject: 't', from: '1', to: '2', reason: 'another version answers' }]);
});

it('tells of shares, of what comes and goes, and of a text that changed under its number', () => {
  const change = promptChanges(
    config({ shares: prompt(1), gone: prompt(1), text: prompt(1) }),
    config({ shares: prompt(1, [90, 10]), text: prompt(1, [], 'b'), fresh: prompt(2) }),
  );
  expect(change).toEqual([
    { subject: 'shares', from: '1', to: '1:90 2:10', reason: 'another version answers' },
    { subject: 'gone', from: '1', to: '', reason: 'it was removed' },
    { subject: 'text', from: '1', to: '1', reason: 'its text or schema was changed' },
    { subject: 'fresh', from: '', to: '2', reason: 'it was added' },
  ]);
});

it('tells of a partial only where one is used', () => {
  const prompts = { with: prompt(1, [], 'x {{> p}}'), without: prompt(1) };
  const change = promptChanges(config(prompts, { p: 'a' }), config(prompts, { p: 'b' }));
  expect(change).toEqual([{ subject: 'with', from: '1', to: '1', reason: 'a partial was changed' }]);
});
