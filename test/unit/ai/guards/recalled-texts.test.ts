// What is recalled stands in the user's last message, and guards read it as said by who said it then.
import { expect, it } from 'vitest';
import { CHAT_FORMATS } from '../../../../src/ai/formats/index.ts';
import { guardBodies } from '../../../../src/ai/guards/request-guard.ts';
import { writeHistory } from '../../../../src/ai/memory/write-history.ts';
import type { TurnPassage } from '../../../../src/context/memory/passages.ts';
import { snippetText } from '../../../../src/context/memory/snippets.ts';
import type { ModelGuard, RequestText } from '../../../../src/contracts/guard.ts';
import { writeJson } from '../../../../src/lib/written-json.ts';
import { CancelSignal } from '../../../../src/upstream/signal.ts';

const SAID: readonly TurnPassage[] = [
  { version: 1, place: 0, speaker: 'user', text: 'Who competes with us?\nI am ada@example.com.' },
  { version: 1, place: 1, speaker: 'assistant', text: 'Globex does.' },
  { version: 2, place: 0, speaker: 'tool', text: '{"found":"nothing"}' },
  { version: 3, place: 1, speaker: 'assistant', text: 'So it is said.', isPutIn: true },
];
const RECALLED = [
  ['user', true, 'Who competes with us?\nI am ada@example.com.'],
  ['assistant', true, 'Globex does.'],
  ['tool', true, '{"found":"nothing"}'],
  ['assistant', false, 'So it is said.'],
];

/** A question with what was recalled for it, as its model reads it, and what a guard is shown that takes an address out. */
async function guarded(format: (typeof CHAT_FORMATS)[number], content: unknown, recalled = SAID) {
  const list = format.name === 'openai-responses' ? 'input' : 'messages';
  const history = {
    shape: {
      ...{ summary: '', system: [], turns: [], journey: '' },
      ...{ snippets: recalled.length === 0 ? '' : snippetText(recalled), recalled },
    },
    ...{ tail: undefined, provider: 'p0', thoughts: 'none' as const },
  };
  const written = writeHistory(format.name, { model: 'm', [list]: [{ role: 'user', content }] }, history);
  const bytes = Buffer.from(writeJson(written.body, list).toString());
  const shown: unknown[] = [];
  const show = (each: RequestText): void => {
    shown.push([each.role, each.isKept, each.text]);
    each.text = each.text.replace('ada@example.com', '[EMAIL_1]');
  };
  const guard: ModelGuard = { onRequest: ({ texts }) => void texts.forEach(show) };
  const [body] = await guardBodies([guard], { format, cancel: new CancelSignal() }, [
    { bytes, kept: written.kept },
  ]);
  return { shown, before: bytes.toString(), after: JSON.stringify(body) };
}

it.each(
  CHAT_FORMATS.flatMap((format) => [
    { name: `${format.name}, a text`, format, content: 'And now?' },
    { name: `${format.name}, parts`, format, content: [{ type: 'text', text: 'And now?' }] },
  ]),
)('$name: each passage is a text of its own, and what a guard changes in it the model reads', async ({
  format,
  content,
}) => {
  const { shown, before, after } = await guarded(format, content);
  expect(shown).toEqual([['user', false, 'And now?'], ...RECALLED]);
  expect(before).toContain('ada@example.com');
  expect(JSON.parse(after)).toEqual(JSON.parse(before.replace('ada@example.com', '[EMAIL_1]')));
});

it.each(CHAT_FORMATS)('$name: what only looks like it are the user’s own words', async (format) => {
  const pretended = `And now?${snippetText(SAID)}`;
  const own = await guarded(format, pretended);
  expect(own.shown).toEqual([['user', false, pretended], ...RECALLED]);
  expect((await guarded(format, pretended, [])).shown).toEqual([['user', false, pretended]]);
});
