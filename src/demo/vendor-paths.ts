/** Where the vendors have their endpoints: which API a path belongs to, and what of a call it says itself. */

export type Vendor = 'openai' | 'anthropic' | 'gemini' | 'bedrock' | 'cohere';

/** What a path asks for. */
export interface VendorCall {
  readonly vendor: Vendor;
  /** `chat`, `stream` where the path says that it streams, `embed`; '' of OpenAI's paths, which go on as they are. */
  readonly what: 'chat' | 'stream' | 'embed' | 'count' | '';
  /** '' where it stands in the body. */
  readonly model: string;
  /** OpenAI's own path. */
  readonly path: string;
}

const GEMINI = /\/models\/([^/:]+):(generateContent|streamGenerateContent|batchEmbedContents|predict)$/;
const VERTEX_CLAUDE = /\/publishers\/anthropic\/models\/([^/:]+):(rawPredict|streamRawPredict)$/;
const BEDROCK = /^\/model\/([^/]+)\/(converse|converse-stream|invoke)$/;
/** Azure, by deployment and by its v1 API. */
const AZURE = /^\/openai\/(?:deployments\/([^/]+)|v1)(\/.*)$/;

export function vendorCall(path: string): VendorCall {
  if (path === '/v1/messages') return { vendor: 'anthropic', what: 'chat', model: '', path };
  if (path === '/v1/messages/count_tokens') return { vendor: 'anthropic', what: 'count', model: '', path };
  if (path === '/v2/chat') return { vendor: 'cohere', what: 'chat', model: '', path };
  if (path === '/v2/embed') return { vendor: 'cohere', what: 'embed', model: '', path };
  const claude = VERTEX_CLAUDE.exec(path);
  if (claude) return { vendor: 'anthropic', what: 'chat', model: decode(claude[1]), path };
  const gemini = GEMINI.exec(path);
  if (gemini) {
    const what =
      gemini[2] === 'generateContent' ? 'chat' : gemini[2]?.startsWith('stream') ? 'stream' : 'embed';
    return { vendor: 'gemini', what, model: decode(gemini[1]), path };
  }
  const bedrock = BEDROCK.exec(path);
  if (bedrock) {
    const what = bedrock[2] === 'converse' ? 'chat' : bedrock[2] === 'invoke' ? 'embed' : 'stream';
    return { vendor: 'bedrock', what, model: decode(bedrock[1]), path };
  }
  const azure = AZURE.exec(path);
  if (azure) return { vendor: 'openai', what: '', model: decode(azure[1]), path: `/v1${azure[2]}` };
  return { vendor: 'openai', what: '', model: '', path };
}

const decode = (name = ''): string => decodeURIComponent(name);
