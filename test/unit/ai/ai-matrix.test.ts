// The page that says what is carried is made by carrying it: what is lost on the way is not said to have arrived.
import { expect, it } from 'vitest';
import { aiMatrix } from '../../../scripts/ai-matrix.ts';

/** What the first table, of chats, says of a provider, by feature. */
function chatsAt(provider: string): Record<string, string> {
  const rows = aiMatrix()
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.slice(2, -2).split(' | '));
  const [features = []] = rows;
  const cells = rows.find(([name]) => name === provider) ?? [];
  return Object.fromEntries(features.map((feature, at) => [feature, cells[at] ?? '']));
}

it('tells what is left out from what is carried and what is refused', () => {
  expect(chatsAt('gemini')).toMatchObject({
    text: '○',
    stream: '○',
    tools: '○',
    tier: '○',
    user: '·',
    metadata: '·',
  });
  expect(chatsAt('anthropic')).toMatchObject({ user: '○', metadata: '·', seed: '400' });
  expect(chatsAt('cohere')).toMatchObject({ tier: '400' });
  expect(chatsAt('mistral')).toMatchObject({ text: '●', user: '·', metadata: '●' });
  expect(chatsAt('openai')).toMatchObject({ user: '●', metadata: '●' });
});

it('tells what of answers arrives from what a format has no place for', () => {
  const [chats = '', responses = '', messages = ''] = aiMatrix().split('\n## ').slice(1);
  const answers = (section: string, dialect: string) => {
    const rows = section.split('\n').filter((line) => line.startsWith('| '));
    const [features = [], ...said] = rows
      .slice(rows.findIndex((line) => line.startsWith('| read as')))
      .map((line) => line.slice(2, -2).split(' | '));
    const cells = said.find(([name]) => name === dialect) ?? [];
    return Object.fromEntries(features.map((feature, at) => [feature, cells[at] ?? '']));
  };
  const all = {
    text: '○',
    reasoning: '○',
    citations: '○',
    'finish reason': '○',
    usage: '○',
    'cached tokens': '○',
  };
  expect(answers(chats, 'gemini')).toMatchObject({ ...all, pictures: '○', logprobs: '○', n: '○' });
  expect(answers(chats, 'anthropic-messages')).toMatchObject({ ...all, 'stop sequence': '·', tier: '○' });
  expect(answers(responses, 'openai-chat')).toMatchObject({ ...all, refusal: '○', n: '–' });
  expect(answers(messages, 'openai-chat')).toMatchObject({ ...all, logprobs: '·', tier: '·' });
  // In its own format an answer passes as it came.
  expect(answers(messages, 'anthropic-messages')).toMatchObject({ text: '' });
});

it('says of no provider that it has what it has ended', () => {
  expect(chatsAt('perplexity')).toMatchObject({ text: 'over', stream: 'over' });
  expect(aiMatrix().split('\n## ')[2]).toMatch(/\| perplexity \| ● \| ● \|/);
});
