import type { TranslatedDialect } from '../../../contracts/provider.ts';
import { openEventStreamFraming } from '../aws-event-stream.ts';
import { convertRequest } from './convert-request.ts';
import { readAnswer } from './read-answer.ts';
import { ConverseEventReader } from './read-stream.ts';

/** Bedrock's Converse and ConverseStream. A key for a cache and who the user is change no answer and have no place in it: they are left out. */
export const bedrockConverse: TranslatedDialect = {
  path: ({ model, stream }) =>
    `/model/${encodeURIComponent(model)}/${stream ? 'converse-stream' : 'converse'}`,
  uncarried: ['frequencyPenalty', 'presencePenalty', 'logitBias', 'n', 'seed', 'logprobs', 'verbosity'],
  convertRequest,
  readAnswer,
  openStream: (emit) => new ConverseEventReader(emit),
  stream: { contentType: 'application/vnd.amazon.eventstream', openFraming: openEventStreamFraming },
};
