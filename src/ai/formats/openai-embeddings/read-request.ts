import type { EmbeddingsRequest } from '../../../contracts/embeddings.ts';
import type { JsonObject } from '../../../contracts/model-request.ts';
import { GatewayError } from '../../../errors/gateway-error.ts';
import { Fields } from '../fields.ts';

type Input = EmbeddingsRequest['inputs'][number];

const isTokens = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'number');

/** A request for embeddings in the neutral form: one input or many, of text or of tokens. */
export function readRequest(body: JsonObject): EmbeddingsRequest {
  const uncarried: string[] = [];
  const fields = new Fields(body, '', uncarried);
  fields.raw('model');
  const encoding = fields.text('encoding_format') ?? 'float';
  if (encoding !== 'float' && encoding !== 'base64') throw invalid('encoding_format', 'float or base64');
  const request: EmbeddingsRequest = {
    inputs: inputsOf(fields.raw('input')),
    encoding,
    dimensions: fields.number('dimensions'),
    user: fields.text('user'),
    uncarried,
  };
  fields.leave();
  return request;
}

function inputsOf(input: unknown): readonly Input[] {
  if (typeof input === 'string' || isTokens(input)) return [input];
  const isInput = (value: unknown): value is Input => typeof value === 'string' || isTokens(value);
  if (Array.isArray(input) && input.length > 0 && input.every(isInput)) return input;
  throw invalid('input', 'a text, a list of texts, or the same in tokens');
}

const invalid = (param: string, what: string): GatewayError =>
  new GatewayError('body_invalid', { param, detail: `${param} must be ${what}.` });
