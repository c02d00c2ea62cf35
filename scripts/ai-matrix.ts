import { CHAT_FORMATS } from '../src/ai/formats/index.ts';
import { NotCarried } from '../src/ai/not-carried.ts';
import { providerOf } from '../src/ai/providers/index.ts';
import { Translation } from '../src/ai/translation.ts';
import { PROVIDER_KINDS } from '../src/config/provider-kinds.ts';
import type { Format } from '../src/contracts/format.ts';
import type { JsonObject } from '../src/contracts/model-request.ts';
import type { Provider } from '../src/contracts/provider.ts';
import { GatewayError } from '../src/errors/gateway-error.ts';
import { FEATURES, SAMPLES } from './ai-samples.ts';

/** Kinds whose models are not all spoken to alike. */
const MODELS: Readonly<Record<string, readonly string[]>> = {
  bedrock: ['anthropic.claude-sonnet-4-5-20250929-v1:0', 'amazon.nova-pro-v1:0'],
  vertex: ['gemini-2.5-pro', 'claude-sonnet-4-5@20250929'],
};

const NAME = { requestId: 'r', model: 'm', created: 0 };

/** What the code itself does with a sample of a feature on its way to a provider. */
function cell(format: Format, body: JsonObject, provider: Provider, model: string): string {
  const native = provider.native[format.name];
  try {
    if (native) {
      native.adapt?.({ ...body, model }, format.fields, []);
      return '●';
    }
    const request = format.readRequest(body);
    new Translation(request, format, provider.translated, provider.readError, NAME).request({
      model,
      stream: request.stream,
    });
    return '○';
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

function row(format: Format, kind: string, model: string): string {
  const provider = providerOf(settingsOf(kind), model, fetch);
  if (!provider) throw new Error(`no provider of kind ${kind}`);
  const samples = SAMPLES[format.name] ?? {};
  const cells = FEATURES.map((feature) => {
    const sample = samples[feature];
    return sample ? cell(format, sample, provider, model) : '–';
  });
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
`;
}

/** Which formats in reach which providers, and what of them is carried: by sending samples through the code. */
export const aiMatrix = (): string => `# AI: formats in, providers out

Generated: \`scripts/ai-matrix.ts\` sends a sample of each feature (\`scripts/ai-samples.ts\`) through the code that would
carry it. ● the provider speaks the format itself (its bytes pass, or with the changes that it needs); ○ translated, in
both directions; 400 refused with \`field_not_supported\` and the name of the field, unless \`drop\` leaves it out; – the
format has no words for it. Whether a model can do what its provider takes is the model's own affair.

${CHAT_FORMATS.map(table).join('\n')}`;
