// The vendors' own SDKs do the same tasks before every family of providers: what one can't have it is told in its own
// class of error.
import { ApiError, GoogleGenAI } from '@google/genai';
import { describe, expect, it } from 'vitest';
import { aiGateway, asAnthropic, CLIENT_KEY, modelService } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { aiTasks, anthropicTasks, openaiTasks, type SdkTasks } from '../helpers/sdk-tasks.ts';

const HELLO = 'Hello! How can I help you today?';
const SDKS = { openai: openaiTasks, anthropic: anthropicTasks, ai: aiTasks };
const FAMILIES = ['openai', 'anthropic'] as const;
const CELLS = Object.keys(SDKS).flatMap((name) =>
  FAMILIES.map((family) => [name as keyof typeof SDKS, family] as const),
);
/** What a provider has nothing for: asked for, it is refused with this status. */
const HAS_NONE: Readonly<Record<(typeof FAMILIES)[number], Partial<Record<keyof SdkTasks, number>>>> = {
  openai: {},
  anthropic: { embeddings: 400 },
};

async function setUp(sdk: keyof typeof SDKS, family: (typeof FAMILIES)[number]) {
  const service = await modelService();
  const model = family === 'openai' ? 'gpt-4o-mini' : 'claude-haiku-4-5';
  const gateway = await aiGateway([family === 'openai' ? service : asAnthropic(service)], {
    models: {
      smart: { targets: [{ provider: 'p0', model }] },
      vectors: { targets: [{ provider: 'p0', model: 'text-embedding-3-small' }] },
    },
  });
  return { service, gateway, tasks: SDKS[sdk](gateway) };
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe.each(CELLS)('the SDK %s before a provider of the family %s', (sdk, family) => {
  it('chats, whole and as a stream', async () => {
    const { tasks } = await setUp(sdk, family);

    expect(await tasks.chat('smart')).toBe(HELLO);
    const pieces = await tasks.stream('smart');
    expect(pieces.join('')).toBe(HELLO);
    expect(pieces.length).toBeGreaterThan(1);
  });

  it('has a tool called and its result read', async () => {
    const { tasks } = await setUp(sdk, family);

    const { city, answer } = await tasks.tools('smart');

    expect(city).toBe('Lisbon');
    expect(answer).toContain('21 degrees');
  });

  it('gets what its schema says, and shows a picture', async () => {
    const { tasks } = await setUp(sdk, family);

    expect(await tasks.structured('smart')).toEqual({ city: expect.any(String) });
    expect(await tasks.image('smart')).toContain('[image]');
  });

  it('gets vectors, or is told that there are none', async () => {
    const { tasks } = await setUp(sdk, family);
    const refused = HAS_NONE[family].embeddings;

    // Anthropic has no words for them.
    if (!tasks.embeddings) return expect(sdk).toBe('anthropic');
    if (refused === undefined) return expect(await tasks.embeddings('vectors')).toHaveLength(8);
    expect(tasks.isError(await failureOf(tasks.embeddings('vectors')), refused)).toBe(true);
  });

  it('raises errors of its own class', async () => {
    const { service, tasks } = await setUp(sdk, family);

    const unknown = await failureOf(tasks.chat('nobody'));
    service.faults.set({ status: 429 });
    const limited = await failureOf(tasks.chat('smart'));

    expect(tasks.isError(unknown, 404)).toBe(true);
    expect(tasks.isError(limited, 429)).toBe(true);
  });

  it('stops, and the provider stops', async () => {
    const { service, gateway, tasks } = await setUp(sdk, family);
    service.faults.set({ betweenTokensMs: 60_000 });
    const leaving = new AbortController();

    await failureOf(tasks.stream('smart', () => leaving.abort(), leaving.signal));

    await eventually(() => service.stats.aborted === 1);
    const line = await gateway.accessLine(({ reason }) => reason === 'client_cancelled');
    expect(line).toMatchObject({ outcome: 'client_cancelled', usage_source: 'estimated' });
  });
});

describe('the SDK @google/genai, below /v1/providers/{name}', () => {
  const askAs = async (kind: string) => {
    const service = await modelService();
    const provider = { kind, baseUrl: service.url, passthrough: true };
    const gateway = await aiGateway([provider]);
    const google = new GoogleGenAI({
      apiKey: 'of no use here',
      httpOptions: {
        baseUrl: `${gateway.url}/v1/providers/p0`,
        headers: { authorization: `Bearer ${CLIENT_KEY}` },
      },
    });
    const error = await failureOf(
      google.models.generateContent({ model: 'gemini-2.5-flash', contents: 'Hello' }),
    );
    return { gateway, service, error };
  };

  it('is told where the provider does not speak Gemini', async () => {
    const { gateway, service, error } = await askAs('openai');

    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 404 });
    expect(service.stats.requests).toBe(1);
    expect(
      await gateway.accessLine(({ path }) => String(path).startsWith('/v1/providers/p0/')),
    ).toMatchObject({
      path: '/v1/providers/p0/v1/models/gemini-2.5-flash:generateContent',
      upstream_model: 'gemini-2.5-flash',
      outcome: 'upstream_4xx',
    });
  });
});
