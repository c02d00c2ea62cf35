// An answer is kept as the one of whoever gave it, asked as they are asked; and only if all of it came to a good end.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { aiGateway, type ChatAnswer, chat, hello, lineOf, modelService, rawProvider } from '../helpers/ai.ts';
import type { TestGateway } from '../helpers/gateway.ts';

const how = ({ headers }: ChatAnswer) => headers['x-gateway-cache'];

/** The answer, once it has been kept. */
async function ask(gateway: TestGateway, body: object = hello()): Promise<ChatAnswer> {
  const answer = await chat(gateway, body);
  await lineOf(gateway, answer);
  return answer;
}

async function revise(gateway: TestGateway, config: string): Promise<void> {
  await gateway.write(config);
  expect(await gateway.reload()).toBe(true);
}

it.each<[string, (config: string, from: string, to: string) => string]>([
  ['is somewhere else', (config, from, to) => config.replace(from, to)],
  [
    'is asked without a field',
    (config) => config.replace(/^( *)kind: openai$/m, '$1kind: openai\n$1drop: [seed]'),
  ],
  [
    'may say more',
    (config) => config.replace(/^( *)model: gpt-4o-mini$/m, '$1model: gpt-4o-mini\n$1maxOutput: 50'),
  ],
])('a target that %s has said nothing yet', async (_what, change) => {
  const [before, after] = [await modelService(), await modelService()];
  const gateway = await aiGateway([before], { ai: { cache: { ttl: '10m' } } });
  const config = readFileSync(gateway.file, 'utf8');
  const changed = change(config, before.url, after.url);
  expect(changed).not.toBe(config);
  expect([how(await ask(gateway)), how(await ask(gateway))]).toEqual(['miss', 'hit']);

  await revise(gateway, changed);
  expect(how(await ask(gateway))).toBe('miss');

  await revise(gateway, config);
  expect(how(await ask(gateway))).toBe('hit');
});

it('a question is like none whose vector another service made, though its model goes by the same name', async () => {
  const model = await modelService();
  const [maker, other] = [await modelService(), await modelService()];
  const gateway = await aiGateway([model, maker], {
    ai: { cache: { semantic: { model: 'vectors', threshold: 0.7, timeout: '1m' } } },
    models: {
      vectors: {
        targets: [{ provider: 'p1', model: 'text-embedding-3-small' }],
        cache: { enabled: false },
      },
    },
  });
  const question = (content: string) => ({ model: 'smart', messages: [{ role: 'user', content }] });
  const asked = question('How do I reset the password of my account today please');
  expect(how(await ask(gateway, asked))).toBe('miss');
  expect(how(await ask(gateway, question('How do I reset the password of my account please')))).toBe(
    'semantic',
  );

  await revise(gateway, readFileSync(gateway.file, 'utf8').replace(maker.url, other.url));

  expect(how(await ask(gateway, question('How do I reset the password of my account now please')))).toBe(
    'miss',
  );
  // The same question needs no vector.
  expect(how(await ask(gateway, asked))).toBe('hit');
});

it.each([
  ['was cut', null],
  ['was too long', 'length'],
  ['was filtered', 'content_filter'],
])('an answer of which one choice %s is not kept', async (_what, finish) => {
  const choices = [finish, 'stop'].map((finish_reason, index) => ({
    index,
    message: { role: 'assistant', content: 'Hello' },
    finish_reason,
  }));
  const usage = { prompt_tokens: 9, completion_tokens: 2 };
  const provider = await rawProvider((response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ id: 'c', object: 'chat.completion', choices, usage })),
  );
  const gateway = await aiGateway([provider], { ai: { cache: { ttl: '10m' } } });

  const answers = [await ask(gateway, { ...hello(), n: 2 }), await ask(gateway, { ...hello(), n: 2 })];

  expect(answers.map(how)).toEqual(['miss', 'miss']);
  expect(provider.taken).toHaveLength(2);
});
