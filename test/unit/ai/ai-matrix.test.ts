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
