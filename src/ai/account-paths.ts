/**
 * What an account keeps for all who use its key, as vendors call it in their paths: whoever may ask for it sees, changes and
 * deletes everybody's.
 */
const KEPT = new RegExp(
  // A model, or what it is deployed as, may be called anything.
  `(?<!/(?:models?|deployments|endpoints))/(?:${[
    'files|uploads|batch|batches|fine[_-]?tun(?:ing|es)|evals|datasets|operations',
    // What is made later is fetched where all of it is.
    'videos',
    // OpenAI's.
    'assistants|threads|vector_stores|containers|conversations|skills|chatkit|organizations?|webhooks',
    'responses/(?!(?:input_tokens|compact)/?$)[^/]+|chat/completions/[^/]+',
    // Sessions in which a client then speaks to a model past the gateway (OpenAI's, Azure's, Google's).
    'realtime(?:api)?/(?:transcription_sessions|client_secrets|calls)|auth_tokens',
    // Anthropic's, and Mistral's.
    'agents(?!/completions/?$)|sessions|environments|vaults|memory_stores|libraries',
    // Google's.
    'cachedContents|corpora|ragCorpora|fileSearchStores|interactions/[^/]+',
    'tunedModels(?!/[^/]+:(?:generate|streamGenerate|count)[a-z]+/?$)',
    'trainingPipelines|reasoningEngines|indexEndpoints|indexes|(?:serving-)?endpoints(?!/[^/])',
    // Of whichever vendor: `batchPredictionJobs`, `embed-jobs`, `model-invocation-job`.
    '[a-z-]*jobs?|async-invoke',
    // Cohere's, xAI's, ElevenLabs'.
    'connectors|collections|documents|voices',
  ].join('|')})(?=[/:;.%]|$)(?!/invocations/?$)|:(?:batchGenerateContent|asyncBatchEmbedContent)(?:[/;.%]|$)`,
  'i',
);
/** Google says behind a colon what is done; this asks a model, and is answered at once. */
const ASKS =
  /:(?:(?:g|streamG)enerateContent|predict|(?:r|streamR)awPredict|(?:count|compute)Tokens|embedContent|batchEmbedContents)\/?$/;
const COLON = /:|%3a/i;
const MODELS = /\/models(?:\/|$)/i;

/**
 * Whether a path below a provider is about what its account keeps. What is asked by POST is a question to a model unless
 * it is known as something else, or says what else it does; all else is about what is there, of which only models are nobody's own.
 * @param path canonical
 */
export function isOfAccount(method: string, path: string): boolean {
  if (KEPT.test(path)) return true;
  if (method === 'POST') {
    const last = path.slice(path.lastIndexOf('/', path.length - 2) + 1);
    return COLON.test(last) && !ASKS.test(last);
  }
  const looks = method === 'GET' || method === 'HEAD';
  return !(looks && MODELS.test(path));
}
