import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/problems.ts';
import { load } from './stories.ts';

const EXAMPLE = readFileSync(join(import.meta.dirname, '../../fixtures/config/gateway.example.yaml'), 'utf8');

it('the example loads unchanged', () => {
  const { config, openRoutes, files } = load(EXAMPLE);
  expect(openRoutes).toEqual(['products', 'recommendations', 'catalog-v2', '/v1/feedback', '/v1/status']);
  expect(files).toEqual([]);
  expect(config.upstreams.catalog).toMatchObject({
    outlier: { consecutiveFailures: 5, eject: 30_000, maxEject: 300_000, maxEjected: 0.5 },
    retry: { attempts: 2, on: ['connect', 'reset', 502, 503], budget: 0.2 },
    timeouts: { connect: 1000, response: 10_000, idle: 60_000 },
  });
  expect(config.routes[1]?.policies[1]).toEqual({
    'rate-limit': { limit: 100, window: 60_000, per: 'consumer' },
  });
  expect(config.ai.providers.primary).toMatchObject({
    kind: 'openai',
    baseUrl: 'http://127.0.0.1:9101/v1',
    apiKey: 'demo',
    drop: [],
  });
  expect(config.ai.prompts['classify-ticket']?.versions['2']?.messages).toHaveLength(2);
  expect(config.hypercare.objectives[0]).toMatchObject({ availability: 0.999, over: 30 * 86_400_000 });
});

it('says what of the example is not built yet', () => {
  const parts = load(EXAMPLE).inactive.map(({ line, key, effect }) => `${line} ${key}: ${effect}`);
  expect(parts.join('\n')).toBe('');
});

it('whatever is done to the example, the answer is a configuration or a list of problems', () => {
  const lines = EXAMPLE.split('\n');
  const piece = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      ':',
      ': ',
      '- ',
      '"',
      "'",
      '&a ',
      '*a',
      '<<: ',
      '!!int ',
      '? ',
      '|',
      '\t',
      '\n',
      '#',
      '%',
      '0',
    ],
    ...[
      '${',
      '${HOME}',
      '${X:-',
      '${file:/etc/hostname}',
      '---\n',
      '__proto__',
      'null',
      '-1',
      '1e999',
      '\u0000',
      '\ud800',
      '~',
    ],
  );
  const edit = fc.record({
    kind: fc.constantFrom('insert', 'delete', 'swap', 'repeat'),
    at: fc.nat(EXAMPLE.length),
    length: fc.integer({ min: 1, max: 40 }),
    text: fc.oneof(piece, fc.string({ maxLength: 6 })),
    line: fc.nat(lines.length - 1),
  });
  const mutated = fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    let text = EXAMPLE;
    for (const { kind, at, length, text: piece, line } of edits) {
      if (kind === 'insert') text = text.slice(0, at) + piece + text.slice(at);
      else if (kind === 'delete') text = text.slice(0, at) + text.slice(at + length);
      else if (kind === 'swap')
        text = text.replace(lines[line] ?? '', lines[(line + length) % lines.length] ?? '');
      else text = `${text}${lines.slice(line, line + length).join('\n')}\n`;
    }
    return text;
  });
  fc.assert(
    fc.property(mutated, (text) => {
      try {
        load(text, { HOME: '/root' });
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        expect(error.problems.length).toBeGreaterThan(0);
        for (const { line, column, message } of error.problems) {
          expect([line > 0, column > 0, message !== '']).toEqual([true, true, true]);
        }
      }
    }),
    { numRuns: 400 },
  );
}, 60_000);
