import { CHAT_FORMATS } from '../src/ai/formats/index.ts';
import { NotCarried } from '../src/ai/not-carried.ts';
import { providerOf } from '../src/ai/providers/index.ts';
import { Translation } from '../src/ai/translation.ts';
import { OPENAI_SERVICES } from '../src/config/openai-services.ts';
import { PROVIDER_KINDS } from '../src/config/provider-kinds.ts';
import type { Format } from '../src/contracts/format.ts';
import type { JsonObject } from '../src/contracts/model-request.ts';
import type { OpenaiService } from '../src/contracts/openai-service.ts';
import type { Provider } from '../src/contracts/provider.ts';
import { GatewayError } from '../src/errors/gateway-error.ts';
import { answersTable } from './ai-answers.ts';
import { FEATURES, type Feature, SAMPLES } from './ai-samples.ts';

/** Kinds whose models are not all spoken to alike. */
const MODELS: Readonly<Record<string, readonly string[]>> = {
  bedrock: ['anthropic.claude-sonnet-4-5-20250929-v1:0', 'amazon.nova-pro-v1:0'],
  vertex: ['gemini-2.5-pro', 'claude-sonnet-4-5@20250929'],
};

const NAME = { id: 'r', requestId: 'r', model: 'm', created: 0 };

/** What the code itself makes of a sample on its way to a provider: where it is asked, and with what. */
function carried(format: Format, body: JsonObject, provider: Provider, model: string): string {
  const native = provider.native[format.name];
  const stream = body.stream === true;
  if (native) {
    const own = { ...body, model };
    const adapted = native.adapt ? native.adapt(own, format.fields, []) : own;
    return native.path({ model, stream }) + JSON.stringify(adapted);
  }
  const { translated, readError } = provider;
  const request = format.readRequest(body);
  const sent = new Translation(request, format, translated, readError, NAME).request({ model, stream });
  return translated.path({ model, stream }) + sent.toString();
}

/** Features that are a choice within another one; all others are beside a text. */
const WITHIN: Readonly<Partial<Record<Feature, Feature>>> = {
  'forced tool': 'tools',
  'no parallel tools': 'tools',
};

/** What the code does with a feature: a request with it that is the one without it has lost it. */
function cell(format: Format, feature: Feature, provider: Provider, model: string): string {
  const samples = SAMPLES[format.name] ?? {};
  const sample = samples[feature];
  const plain = samples[WITHIN[feature] ?? 'text'];
  if (!sample || !plain) return '–';
  try {
    const sent = carried(format, sample, provider, model);
    if (feature !== 'text' && sent === carried(format, plain, provider, model)) return '·';
    return provider.native[format.name] ? '●' : '○';
  } catch (error) {
    const isRefusal = error instanceof GatewayError && error.code === 'field_not_supported';
    if (isRefusal || error instanceof NotCarried) return '400';
    throw error;
  }
}

const settingsOf = (kind: string) => ({
  kind,
  baseUrl: 'https://provider.example',
  apiKey: 'k',
  drop: [],
});

/** Whether a format reaches a provider by chat completions that it has no more. */
const isOver = (format: Format, kind: string, provider: Provider): boolean => {
  const services: Readonly<Record<string, OpenaiService>> = OPENAI_SERVICES;
  const speaksIt = format.name !== 'openai-chat' && provider.native[format.name];
  return services[kind]?.chatsEnded === true && !speaksIt;
};

function row(format: Format, kind: string, model: string): string {
  const provider = providerOf(settingsOf(kind), model, fetch);
  if (!provider) throw new Error(`no provider of kind ${kind}`);
  const cells = FEATURES.map((feature) =>
    isOver(format, kind, provider) ? 'over' : cell(format, feature, provider, model),
  );
  const name = kind in MODELS ? `${kind}: ${model}` : kind;
  return `| ${name} | ${cells.join(' | ')} |`;
}

function table(format: Format): string {
  const rows = PROVIDER_KINDS.flatMap((kind) =>
    (MODELS[kind] ?? ['m']).map((model) => row(format, kind, model)),
  );
  return `## ${format.name}

| provider | ${FEATURES.join(' | ')} |
|---|${FEATURES.map(() => '---|').join('')}
${rows.join('\n')}

Answers of those who speak otherwise:

${answersTable(format)}
`;
}

/**
 * Which formats in reach which providers, what of them is carried, and what of answers: by sending samples, and recorded
 * answers, through the code.
 */
export const aiMatrix = (): string => `# AI: formats in, providers out

Generated, by running the code. The first table of each format is of **requests**: \`scripts/ai-matrix.ts\` sends a sample of
each feature (\`scripts/ai-samples.ts\`) through what would carry it to the provider. ● the provider speaks the format itself
(its bytes pass, or with the changes that it needs); ○ translated; · left out, as the provider has no place for it and it
changes no answer; 400 refused with \`field_not_supported\` and the name of the field, unless \`drop\` leaves it out; – the
format has no words for it; over: the provider has ended its chat completions and is asked by the format that it still speaks.
Whether a model can do what its provider takes is the model's own affair. Pictures that a model made, as they come back with
the next turn, are shown to Google's models alone (those from Gemini 3 on: with the signature that came with them), and left out
for all others that are translated to. How closely pictures are to be looked at (\`detail\`) Gemini is told once for all of them, by the one that
asks for most; Claude and Bedrock look as closely as they can, and \`low\` is refused there unless \`drop\` has \`detail\`. The \`name\` of a
system message is refused wherever it is translated.

The second is of **answers** that are translated: \`scripts/ai-answers.ts\` reads recorded ones (\`test/fixtures/providers\`,
written from the vendors' published schemas), whole and streamed, and writes them in the format with the feature and without it
(with another finish reason). ○ what a client gets differs, whole and streamed (else it says which); · it never does: the format
has no place for it; – none of the recordings has it (mostly: those who speak so never say it), or the format can't ask for it.
Rows are what providers speak: \`openai-chat\` all that follow OpenAI, \`anthropic-messages\` Claude on Vertex as well, \`gemini\`
Google's models there. Answers in the client's own format pass as the bytes that came.

${CHAT_FORMATS.map(table).join('\n')}`;
