import type { ChatQuirks, OpenaiService } from '../contracts/openai-service.ts';

/** Most services follow OpenAI's API as it was in 2024. */
const OLDER: ChatQuirks = { maxTokens: true, systemOnly: true };

/** What this gateway, or OpenAI, writes into a message of the assistant beside its words and calls. */
const OF_ANSWERS = ['reasoning_details', 'extra_content', 'annotations', 'images', 'audio', 'refusal'];
/** Of services that know each field of a message, and refuse any other. */
const OF_OTHERS = [...OF_ANSWERS, 'reasoning_content'];

/**
 * The services that speak OpenAI's API: where they are and how they differ, as far as their documentation and the reports
 * of their users say (November 2026). `baseUrl` and `drop` of a provider correct what has changed since.
 */
export const OPENAI_SERVICES = {
  openai: { baseUrl: 'https://api.openai.com/v1', responses: true },
  baseten: { baseUrl: 'https://inference.baseten.co/v1', noEmbeddings: true, quirks: OLDER },
  cerebras: {
    baseUrl: 'https://api.cerebras.ai/v1',
    noEmbeddings: true,
    quirks: {
      systemOnly: true,
      refuses: ['frequencyPenalty', 'presencePenalty', 'logitBias', 'parallelToolCalls', 'serviceTier'],
      ignoresInAnswers: OF_OTHERS,
    },
  },
  cloudflare: {
    baseUrl: 'https://api.cloudflare.com/client/v4/accounts/{account}/ai/v1',
    quirks: OLDER,
  },
  databricks: {
    quirks: {
      ...OLDER,
      noStreamOptions: true,
      refuses: ['seed', 'logitBias', 'parallelToolCalls'],
      ignores: ['metadata'],
    },
  },
  deepinfra: { baseUrl: 'https://api.deepinfra.com/v1/openai', quirks: OLDER },
  deepseek: {
    baseUrl: 'https://api.deepseek.com/v1',
    noEmbeddings: true,
    thoughts: 'content',
    quirks: {
      ...OLDER,
      noJsonSchema: true,
      stops: 16,
      refuses: ['seed', 'logitBias', 'n', 'parallelToolCalls', 'serviceTier'],
      ignores: ['metadata'],
    },
  },
  featherless: { baseUrl: 'https://api.featherless.ai/v1', noEmbeddings: true, quirks: OLDER },
  fireworks: {
    baseUrl: 'https://api.fireworks.ai/inference/v1',
    responses: true,
    quirks: { ...OLDER, ignoresInAnswers: OF_ANSWERS },
  },
  'github-models': {
    baseUrl: 'https://models.github.ai/inference',
    quirks: { refuses: ['logitBias', 'logprobs', 'n', 'serviceTier'], ignores: ['metadata'] },
  },
  groq: {
    baseUrl: 'https://api.groq.com/openai/v1',
    responses: true,
    noEmbeddings: true,
    quirks: { refuses: ['logprobs', 'logitBias', 'n'], ignoresInAnswers: OF_OTHERS },
  },
  'hugging-face': { baseUrl: 'https://router.huggingface.co/v1', noEmbeddings: true, quirks: OLDER },
  hyperbolic: { baseUrl: 'https://api.hyperbolic.xyz/v1', noEmbeddings: true, quirks: OLDER },
  'llama-cpp': { baseUrl: 'http://127.0.0.1:8080/v1', isOwn: true, quirks: OLDER },
  'lm-studio': { baseUrl: 'http://127.0.0.1:1234/v1', isOwn: true, responses: true, quirks: OLDER },
  localai: { baseUrl: 'http://127.0.0.1:8080/v1', isOwn: true, quirks: OLDER },
  minimax: {
    baseUrl: 'https://api.minimax.io/v1',
    noEmbeddings: true,
    quirks: {
      ...OLDER,
      baseResp: true,
      refuses: ['frequencyPenalty', 'presencePenalty', 'logitBias', 'logprobs', 'n', 'seed', 'stop'],
    },
  },
  mistral: {
    baseUrl: 'https://api.mistral.ai/v1',
    embeddings: { dimensions: 'output_dimension', ignores: ['user'] },
    quirks: {
      ...OLDER,
      noStreamOptions: true,
      seed: 'random_seed',
      nineLetterIds: true,
      refuses: ['logitBias', 'logprobs', 'serviceTier', 'verbosity'],
      // It refuses what it doesn't know.
      ignores: ['user', 'safety_identifier', 'prompt_cache_key', 'store'],
      ignoresInAnswers: [...OF_OTHERS, 'reasoning'],
    },
  },
  moonshot: {
    baseUrl: 'https://api.moonshot.ai/v1',
    noEmbeddings: true,
    thoughts: 'content',
    quirks: {
      ...OLDER,
      stops: 5,
      toolChoices: ['auto', 'none'],
      refuses: ['logitBias', 'logprobs', 'seed'],
    },
  },
  nebius: { baseUrl: 'https://api.tokenfactory.nebius.com/v1', quirks: OLDER },
  novita: { baseUrl: 'https://api.novita.ai/openai/v1', quirks: OLDER },
  nvidia: {
    baseUrl: 'https://integrate.api.nvidia.com/v1',
    quirks: {
      ...OLDER,
      ignores: ['user', 'metadata', 'store', 'prompt_cache_key'],
      refuses: ['serviceTier'],
    },
  },
  ollama: {
    baseUrl: 'http://127.0.0.1:11434/v1',
    isOwn: true,
    responses: true,
    quirks: { ...OLDER, refuses: ['logitBias', 'n'] },
  },
  openrouter: { baseUrl: 'https://openrouter.ai/api/v1', responses: true, thoughts: 'details' },
  ovhcloud: { baseUrl: 'https://oai.endpoints.kepler.ai.cloud.ovh.net/v1', quirks: OLDER },
  // Since September 2026 it answers responses alone.
  perplexity: {
    baseUrl: 'https://api.perplexity.ai/v1',
    responses: true,
    chatsEnded: true,
    noEmbeddings: true,
    quirks: {
      ...OLDER,
      noStreamOptions: true,
      refuses: ['tools', 'logitBias', 'logprobs', 'n', 'seed', 'serviceTier'],
      ignores: ['metadata'],
    },
  },
  qwen: {
    baseUrl: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    quirks: { ...OLDER, refuses: ['logitBias', 'serviceTier'], ignores: ['metadata'] },
  },
  sambanova: {
    baseUrl: 'https://api.sambanova.ai/v1',
    quirks: {
      ...OLDER,
      refuses: ['logprobs', 'n', 'presencePenalty', 'frequencyPenalty', 'logitBias', 'seed'],
    },
  },
  scaleway: {
    baseUrl: 'https://api.scaleway.ai/v1',
    quirks: { ...OLDER, refuses: ['frequencyPenalty', 'n', 'logprobs', 'logitBias'] },
  },
  siliconflow: { baseUrl: 'https://api.siliconflow.com/v1', quirks: { ...OLDER, noJsonSchema: true } },
  tgi: {
    baseUrl: 'http://127.0.0.1:3000/v1',
    isOwn: true,
    noEmbeddings: true,
    quirks: { ...OLDER, stops: 4, refuses: ['n', 'parallelToolCalls'] },
  },
  together: { baseUrl: 'https://api.together.xyz/v1', quirks: OLDER },
  upstage: { baseUrl: 'https://api.upstage.ai/v1', quirks: OLDER },
  'vercel-ai-gateway': {
    baseUrl: 'https://ai-gateway.vercel.sh/v1',
    responses: true,
    thoughts: 'details',
  },
  vllm: { baseUrl: 'http://127.0.0.1:8000/v1', isOwn: true, responses: true, quirks: { systemOnly: true } },
  volcengine: { baseUrl: 'https://ark.cn-beijing.volces.com/api/v3', quirks: OLDER },
  xai: { baseUrl: 'https://api.x.ai/v1', responses: true, noEmbeddings: true },
  zhipu: {
    baseUrl: 'https://open.bigmodel.cn/api/paas/v4',
    thoughts: 'content',
    quirks: {
      ...OLDER,
      noStreamOptions: true,
      noJsonSchema: true,
      stops: 1,
      toolChoices: ['auto'],
      refuses: ['frequencyPenalty', 'presencePenalty', 'logitBias', 'logprobs', 'n', 'seed'],
    },
  },
} as const satisfies Readonly<Record<string, OpenaiService>>;
