// The vendors' own SDKs do the same tasks before every family of providers: what one can't have it is told in its own
// class of error.
import { ApiError } from '@google/genai';
import { describe, expect, it } from 'vitest';
import { aiGateway, anthropicSdk, modelService, sdk as openaiSdk } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { genaiTasks, googleSdk } from '../helpers/genai-tasks.ts';
import { aiTasks, anthropicTasks, openaiTasks, responsesTasks, type SdkTasks } from '../helpers/sdk-tasks.ts';

const HELLO = 'Hello! How can I help you today?';
const SDKS: Readonly<Record<string, (gateway: { url: string }) => SdkTasks>> = {
  openai: openaiTasks,
  'openai, by responses': responsesTasks,
  anthropic: anthropicTasks,
  ai: aiTasks,
};

interface Family {
  /** Its settings, given the simulator's address. */
  provider(url: string): object;
  readonly chats: string;
  /** Absent: it has no embeddings, and says so. */
  readonly vectors?: string;
}

const FAMILIES = {
  openai: {
    provider: (url) => ({ kind: 'openai', baseUrl: `${url}/v1` }),
    chats: 'gpt-4o-mini',
    vectors: 'text-embedding-3-small',
  },
  anthropic: { provider: (url) => ({ kind: 'anthropic', baseUrl: url }), chats: 'claude-haiku-4-5' },
  gemini: {
    provider: (url) => ({ kind: 'gemini', baseUrl: `${url}/v1beta` }),
    chats: 'gemini-2.5-flash',
    vectors: 'gemini-embedding-001',
  },
  bedrock: {
    provider: (url) => ({ kind: 'bedrock', baseUrl: url, region: 'eu-west-1' }),
    chats: 'eu.anthropic.claude-haiku-4-5-20251001-v1:0',
    vectors: 'amazon.titan-embed-text-v2:0',
  },
  azure: {
    provider: (url) => ({ kind: 'azure-openai', baseUrl: url, apiVersion: '2024-10-21' }),
    chats: 'gpt-4o-mini',
    vectors: 'text-embedding-3-small',
  },
  'azure, by its v1 API': {
    provider: (url) => ({ kind: 'azure-openai', baseUrl: `${url}/openai/v1` }),
    chats: 'gpt-4o-mini',
    vectors: 'text-embedding-3-small',
  },
  'vertex, Google’s models': {
    provider: (url) => ({ kind: 'vertex', baseUrl: `${url}/v1/projects/p/locations/global` }),
    chats: 'gemini-2.5-flash',
    vectors: 'text-embedding-005',
  },
  'vertex, Anthropic’s models': {
    provider: (url) => ({ kind: 'vertex', baseUrl: `${url}/v1/projects/p/locations/global` }),
    chats: 'claude-haiku-4-5',
  },
  cohere: {
    provider: (url) => ({ kind: 'cohere', baseUrl: url }),
    chats: 'command-a-03-2025',
    vectors: 'embed-v4.0',
  },
} as const satisfies Record<string, Family>;

type FamilyName = keyof typeof FAMILIES;
const CELLS = Object.keys(SDKS).flatMap((sdk) =>
  Object.keys(FAMILIES).map((family) => [sdk, family as FamilyName] as const),
);

async function setUp(sdk: string, name: FamilyName) {
  const family: Family = FAMILIES[name];
  const service = await modelService();
  const target = (model: string) => ({ targets: [{ provider: 'p0', model }] });
  const gateway = await aiGateway([family.provider(service.url) as { kind: string; baseUrl: string }], {
    models: { smart: target(family.chats), vectors: target(family.vectors ?? family.chats) },
  });
  return {
    service,
    gateway,
    tasks: (SDKS[sdk] as (typeof SDKS)[string])(gateway),
    hasVectors: family.vectors !== undefined,
  };
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

interface World {
  readonly service: Awaited<ReturnType<typeof modelService>>;
  readonly gateway: Awaited<ReturnType<typeof aiGateway>>;
  readonly tasks: SdkTasks;
  readonly models: { readonly chats: string; readonly vectors: string | undefined };
}

async function allTasks({ service, gateway, tasks, models: { chats, vectors } }: World): Promise<void> {
  expect(await tasks.chat(chats)).toBe(HELLO);
  const pieces = await tasks.stream(chats);
  expect(pieces.join('')).toBe(HELLO);
  expect(pieces.length).toBeGreaterThan(1);

  const { city, answer } = await tasks.tools(chats);
  expect(city).toBe('Lisbon');
  expect(answer).toContain('21 degrees');

  expect(await tasks.structured(chats)).toEqual({ city: expect.any(String) });
  expect(await tasks.image(chats)).toContain('[image]');

  // Some SDKs have no words for vectors.
  if (tasks.embeddings && vectors) expect(await tasks.embeddings(vectors)).toHaveLength(8);

  // All that were answered are billed by what the provider said; Gemini does not say what vectors come to.
  const lines = gateway.lines.filter(
    ({ usage_source, upstream_model }) =>
      usage_source !== undefined && upstream_model !== 'gemini-embedding-001',
  );
  expect(lines.length).toBeGreaterThan(5);
  expect(lines.filter(({ usage_source }) => usage_source !== 'reported').map(({ path }) => path)).toEqual([]);

  expect(tasks.isError(await failureOf(tasks.chat('nobody')), 404)).toBe(true);
  service.faults.set({ status: 429 });
  expect(tasks.isError(await failureOf(tasks.chat(chats)), 429)).toBe(true);

  service.faults.set({ betweenTokensMs: 60_000 });
  const leaving = new AbortController();
  await failureOf(tasks.stream(chats, () => leaving.abort(), leaving.signal));
  await eventually(() => service.stats.aborted === 1);
  const line = await gateway.accessLine(({ reason }) => reason === 'client_cancelled');
  expect(line).toMatchObject({ outcome: 'client_cancelled', usage_source: 'estimated' });
}

describe.each(CELLS)('the SDK %s before a provider of the family %s', (sdk, family) => {
  it('does all its tasks', async () => {
    const { hasVectors, ...world } = await setUp(sdk, family);
    const models = { chats: 'smart', vectors: hasVectors ? 'vectors' : undefined };
    await allTasks({ ...world, models });
    // What has no vectors says so.
    if (world.tasks.embeddings && !hasVectors)
      expect(world.tasks.isError(await failureOf(world.tasks.embeddings('vectors')), 400)).toBe(true);
  });
});

it('each SDK lists the models in its own form, page by page', async () => {
  const { gateway } = await setUp('openai', 'openai');
  const asOpenai: string[] = [];
  for await (const { id } of openaiSdk(gateway).models.list()) asOpenai.push(id);
  const asAnthropic: string[] = [];
  for await (const { id, display_name: name } of anthropicSdk(gateway).models.list({ limit: 1 })) {
    expect(name).toBe(id);
    asAnthropic.push(id);
  }
  expect(asOpenai.length).toBeGreaterThan(1);
  expect(asAnthropic).toEqual(asOpenai);
  expect(await anthropicSdk(gateway).models.retrieve('smart')).toMatchObject({ type: 'model', id: 'smart' });
});

describe('the SDK @google/genai, below /v1/providers/{name}', () => {
  const askAs = async (kind: string) => {
    const service = await modelService();
    const provider = { kind, baseUrl: service.url, passthrough: true };
    const gateway = await aiGateway([provider]);
    const google = googleSdk(gateway);
    const error = await failureOf(
      google.models.generateContent({ model: 'gemini-of-nobody', contents: 'Hello' }),
    );
    return { gateway, service, error };
  };

  it('is told what the provider says', async () => {
    const { gateway, service, error } = await askAs('openai');

    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 404 });
    expect(service.stats.requests).toBe(1);
    expect(
      await gateway.accessLine(({ path }) => String(path).startsWith('/v1/providers/p0/')),
    ).toMatchObject({
      path: '/v1/providers/p0/v1/models/gemini-of-nobody:generateContent',
      upstream_model: 'gemini-of-nobody',
      outcome: 'upstream_4xx',
    });
  });

  it('throws where a stream is cut off, and where a call is refused', async () => {
    const service = await modelService();
    const gateway = await aiGateway(
      [{ kind: 'gemini', baseUrl: `${service.url}/v1beta`, passthrough: true } as never],
      { ai: { budgets: [{ name: 'b', per: '1d', scope: 'consumer', requests: 1 }] } },
    );
    const { models } = googleSdk(gateway, '');
    const ask = { model: 'gemini-2.5-flash', contents: 'Hello' };
    service.faults.set({ truncate: 2 });

    let said = '';
    const listen = async () => {
      for await (const chunk of await models.generateContentStream(ask)) said += chunk.text ?? '';
    };
    const cut = await failureOf(listen());
    const refused = await failureOf(models.generateContent(ask));

    expect(said).not.toBe('');
    expect(cut).toBeInstanceOf(ApiError);
    expect(cut).toMatchObject({ status: 502, message: expect.stringContaining('upstream_truncated') });
    expect(refused).toMatchObject({ status: 429, message: expect.stringContaining('RESOURCE_EXHAUSTED') });
  });

  it('does its tasks where the provider speaks Gemini', async () => {
    const service = await modelService();
    const provider = { kind: 'gemini', baseUrl: `${service.url}/v1beta`, passthrough: true };
    const gateway = await aiGateway([provider]);
    const models = { chats: 'gemini-2.5-flash', vectors: 'gemini-embedding-001' };

    await allTasks({ service, gateway, tasks: genaiTasks(gateway), models });

    const line = await gateway.accessLine(({ path }) => String(path).includes(':streamGenerateContent'));
    expect(line).toMatchObject({ outcome: 'complete', usage_source: 'reported', provider: 'p0' });
  });
});
