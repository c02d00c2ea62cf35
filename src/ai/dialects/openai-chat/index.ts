import type { JsonObject, ModelOptions } from '../../../contracts/model-request.ts';
import type { ChatQuirks, Thoughts } from '../../../contracts/openai-service.ts';
import type { TranslatedDialect } from '../../../contracts/provider.ts';
import { isObject } from '../../../lib/json.ts';
import { asksForNothing } from '../../asks-for-nothing.ts';
import { NotCarried } from '../../not-carried.ts';
import { withoutPictureSeals } from '../own-only.ts';
import { OPENAI_IDS } from '../tool-id.ts';
import { applyQuirks } from './apply-quirks.ts';
import { convertRequest } from './convert-request.ts';
import { readAnswer } from './read-answer.ts';
import { ChunkReader } from './read-stream.ts';
import { statusIn } from './status-in.ts';
import { withToolIds } from './with-tool-ids.ts';

/** @param thoughts how the service wants back what its model thought */
export const openaiChatWithThoughts = (thoughts: Thoughts): TranslatedDialect => ({
  path: () => '/chat/completions',
  uncarried: ['topK'],
  convertRequest: (request, call) => {
    const body = convertRequest(request, call, thoughts);
    return { ...body, messages: withToolIds(body.messages, OPENAI_IDS) };
  },
  readAnswer,
  openStream: (emit) => new ChunkReader(emit),
  isOnlyUsage,
  ...ownOf(thoughts),
});

function ownOf(thoughts: Thoughts | undefined): Pick<TranslatedDialect, 'ownOnly'> {
  return thoughts === 'details' ? { ownOnly: withoutPictureSeals } : {};
}

/** OpenAI's chat completions, which many services speak. */
export const openaiChat = openaiChatWithThoughts('none');

/** Azure's filters say theirs without a choice, too. */
function isOnlyUsage({ choices, usage }: JsonObject): boolean {
  return Array.isArray(choices) && choices.length === 0 && isObject(usage);
}

/** The same as a service speaks it that differs from OpenAI. */
export function openaiChatWith(quirks: ChatQuirks, thoughts?: Thoughts): TranslatedDialect {
  const refuses = quirks.refuses ?? [];
  const { isOnlyUsage: ofStreams, ...chat } = openaiChat;
  return {
    ...chat,
    ...ownOf(thoughts),
    ...(quirks.baseResp && { statusIn }),
    ...(ofStreams && !quirks.noStreamOptions && { isOnlyUsage: ofStreams }),
    uncarried: [...openaiChat.uncarried, ...refuses],
    convertRequest: (request, call) => {
      const body = { ...convertRequest(request, call, thoughts) };
      applyQuirks(body, quirks, (option) => {
        throw new NotCarried({ option });
      });
      return body;
    },
    adapt: (said, fields, drop) => {
      const body = { ...said };
      const refuse = (option: keyof ModelOptions): void => {
        const field = fields[option] ?? option;
        if (!drop.includes(field) && !asksForNothing(option, body[field])) throw new NotCarried({ option });
        delete body[field];
      };
      for (const option of refuses) refuse(option);
      applyQuirks(body, quirks, refuse);
      return body;
    },
  };
}
