import type { Provider } from '../../../contracts/provider.ts';
import { textOf } from '../../../lib/json.ts';
import { bedrockConverse } from '../../dialects/bedrock-converse/index.ts';
import { bedrockEmbeddings } from '../../dialects/bedrock-embeddings/index.ts';
import { signAws } from './aws-signature.ts';

/** Amazon Bedrock. Calls are signed with an access key, or carry one of Bedrock's own API keys. */
export const bedrock: Provider = {
  kind: 'bedrock',
  native: {},
  translated: bedrockConverse,
  embeddings: bedrockEmbeddings,
  headers: ({ apiKey }) => (apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
  sign: async (call, { accessKeyId, secretAccessKey, sessionToken, region, apiKey }) =>
    apiKey === undefined && accessKeyId !== undefined && secretAccessKey !== undefined
      ? await signAws(call, {
          accessKeyId,
          secretAccessKey,
          sessionToken,
          service: 'bedrock',
          region: region ?? regionOf(call.host),
        })
      : {},
  readError: ({ message, Message }) => textOf(message) || textOf(Message) || undefined,
};

/** `bedrock-runtime.eu-west-1.amazonaws.com`; an address of one's own says it in the settings. */
const regionOf = (host: string): string => /\.([a-z]{2}(?:-[a-z]+)+-\d)\./.exec(host)?.[1] ?? 'us-east-1';
