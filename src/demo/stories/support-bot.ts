import type { Answer, Ask, VisitPorts } from './people.ts';
import { people } from './people.ts';
import type { Story } from './story.ts';

const BOT_KEY = 'support-bot-demo-key';
const PREMIER_KEY = 'premier-app-demo-key';
/** SHA-256 of the two. They open nothing but the sandbox. */
const BOT_KEY_SHA256 = '337475721bd01cacbd4eff28b9a298efc2c782e9836b83b48915cb7317f48b39';
const PREMIER_KEY_SHA256 = '57bcb8c3f52918345c2ccc0b746433faa6b841ea059b6af4615fcc1c93113a2b';

const WORDS_OF_A_LOG = 400;
const SLOW_MS = 700;
const LONG_TURNS = 16;
const MOST_TRIES = 5;

interface Speaker {
  readonly ask: Ask;
  readonly session: string;
  readonly app: string;
}

/** One turn; the gateway remembers those before it. One that has to wait for another is asked again, as the answer says. */
async function say({ ask, session, app }: Speaker, content: string): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await ask('/v1/chat/completions', {
      method: 'POST',
      headers: {
        authorization: `Bearer ${BOT_KEY}`,
        'x-session-id': session,
        'x-user-id': `user of ${session}`,
        'x-context-mode': 'delta',
        'x-client-app': app,
      },
      body: { model: 'support', messages: [{ role: 'user', content }] },
    });
    if (answer.status !== 409 || tries === MOST_TRIES) return answer;
    await new Promise((resolve) => setTimeout(resolve, 1000 * Number(answer.headers['retry-after'] ?? 1)));
  }
}

/** Somebody talks with the bot, or an app asks it for a premier customer. */
async function visit(ports: VisitPorts): Promise<void> {
  const { visitor } = ports;
  if (visitor % 3 === 2) return askOnce(ports);
  if (visitor % 48 === 0 && ports.has('long talks')) return longTalk(ports);
  return shortTalk(ports);
}

async function shortTalk({ ask, visitor, notice, has }: VisitPorts): Promise<void> {
  const app = visitor % 2 === 0 ? 'whatsapp' : 'web';
  const speaker: Speaker = { ask, app, session: `talk-${visitor}` };
  const number = String(100_000 + visitor);
  await say(speaker, 'Hello');
  const told = say(speaker, `My order number is ${number}.`);
  if (!(app === 'whatsapp' && has('does not wait'))) await told;
  const [, answer] = await Promise.all([told, say(speaker, 'What is my order number?')]);
  if (answer.status === 200 && !answer.body.includes(number))
    notice('forgot', { session: speaker.session, requestId: answer.requestId });
}

async function longTalk({ ask, visitor, notice }: VisitPorts): Promise<void> {
  const speaker: Speaker = { ask, app: 'web', session: `long-talk-${visitor}` };
  for (let turn = 0; turn < LONG_TURNS; turn++) {
    const lines = Array.from({ length: WORDS_OF_A_LOG }, (_, at) => `line${turn * WORDS_OF_A_LOG + at}`);
    const answer = await say(speaker, `Here is the next part of my log: ${lines.join(' ')}`);
    if (answer.ms > SLOW_MS) notice('slow talk', { session: speaker.session, requestId: answer.requestId });
  }
}

/** A question by an app, and what its user thinks of the answer: one in two says so. */
async function askOnce({ ask, visitor, notice }: VisitPorts): Promise<void> {
  const isPremier = visitor % 2 === 0;
  const session = `question-${visitor}`;
  const key = isPremier ? PREMIER_KEY : BOT_KEY;
  const answer = await ask('/v1/prompts/reply', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'x-session-id': session,
      'x-user-id': `user of ${session}`,
    },
    body: { tier: isPremier ? 'premier' : 'standard', question: `Where is my parcel ${visitor}?` },
  });
  if (answer.status !== 200) return;
  const isRight = !isPremier || answer.body.includes('premier customer');
  if (!isRight) notice('not known', { session, requestId: answer.requestId });
  await ask('/v1/feedback', {
    method: 'POST',
    body: { kind: 'thumbs', score: isRight ? 1 : 0, requestId: answer.requestId, session },
  });
}

const reply = (system: string): object => ({
  messages: [
    { role: 'system', content: system },
    { role: 'user', content: '{{question}}' },
  ],
});

/** A support bot in its first weeks. */
export const supportBot: Story = {
  name: 'support-bot',
  title: 'The support bot',
  about:
    'A support bot has just gone live: people talk with it on the web and by WhatsApp, and an app asks it for premier customers. The gateway remembers the conversations.',
  sandbox: { models: [0] },
  faults: { 'model-1': { latencyMs: 15, msPerThousandTokens: 250 } },
  config: (urls) => ({
    consumers: [
      { name: 'support-bot', keys: [{ id: 'k1', sha256: BOT_KEY_SHA256 }] },
      { name: 'premier-app', keys: [{ id: 'k1', sha256: PREMIER_KEY_SHA256 }] },
    ],
    context: { enabled: true },
    ai: {
      policies: [{ 'auth-api-key': {} }],
      providers: { primary: { kind: 'openai', baseUrl: `${urls['model-1']}/v1`, apiKey: 'demo' } },
      models: {
        support: { targets: [{ provider: 'primary', model: 'gpt-4o-mini' }] },
        answers: { targets: [{ provider: 'primary', model: 'gpt-4o' }] },
      },
      prompts: {
        reply: {
          model: 'answers',
          version: 3,
          input: {
            type: 'object',
            properties: { tier: { type: 'string' }, question: { type: 'string' } },
            required: ['tier', 'question'],
          },
          versions: {
            3: reply('You answer a {{tier}} customer.'),
            4: reply('You answer a customer, briefly.'),
          },
        },
      },
    },
    objectives: [
      { name: 'support-fast', model: 'support', latency: { p95: '700ms' } },
      { name: 'answers-fast', model: 'answers', latency: { p95: '400ms' } },
    ],
  }),
  people: (url, rate) => people(url, rate, visit),
  chapters: [
    {
      title: 'The bot forgets',
      happens:
        'The new WhatsApp client sends what people type at once, without waiting for the answer to what they typed before: two turns of one conversation run side by side, and neither knows of the other.',
      begin: async ({ people: all }) => all.change('does not wait'),
      complaint: { trouble: 'forgot', comment: 'The bot forgot what I said just before. I already told it!' },
      isAbout: ({ detector, reason }) => detector === 'context' && reason === 'stale_base',
      causes: ['context'],
      actions: ['order-turns'],
    },
    {
      title: 'Premier customers are answered as if they were anyone',
      happens:
        'Version 4 of the prompt goes live. Somebody has shortened it, and the customer’s tier is gone. Every answer is a 200.',
      begin: ({ revise }) => revise([{ op: 'replace', path: '/ai/prompts/reply/version', value: 4 }]),
      complaint: {
        trouble: 'not known',
        comment: 'Wrong answer: I am a premier customer and nobody knows it.',
      },
      isAbout: ({ detector, reason }) => detector === 'voice' && reason === 'thumbs_down',
      causes: ['config', 'prompt'],
      actions: ['pin-prompt', 'rollback-config'],
    },
    {
      title: 'Long conversations grow slow and dear',
      happens:
        'People begin to paste whole logs. Nothing shortens their conversations, so each turn sends all of it once more.',
      begin: async ({ people: all }) => all.change('long talks'),
      complaint: {
        trouble: 'slow talk',
        comment: 'it is getting slow',
        answer: 'In the chat, after ten questions or so, just now.',
      },
      isAbout: ({ what, cause }) => what.signal === 'slow' && cause.kind === 'context',
      causes: ['context'],
      actions: ['compact-context'],
    },
  ],
};
