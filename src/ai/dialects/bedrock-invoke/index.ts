import type { Dialect, Frame } from '../../../contracts/provider.ts';
import { parseObject, textOf } from '../../../lib/json.ts';
import { openEventStreamFraming } from '../aws-event-stream.ts';
import { unknownOperation } from '../operations/index.ts';

/**
 * Bedrock's InvokeModelWithResponseStream: whatever a model's vendor calls its events stands in Amazon's own as bytes, and the
 * last says how many tokens there were, whoever's model it is.
 */
export const bedrockInvoke: Dialect = {
  ...unknownOperation,
  stream: {
    contentType: 'application/vnd.amazon.eventstream',
    openFraming: (onFrame, onTooLarge) =>
      openEventStreamFraming((frame) => onFrame(inside(frame)), onTooLarge),
  },
};

function inside({ event, data }: Frame): Frame {
  const { bytes } = parseObject(data) ?? {};
  return event === 'chunk'
    ? { event: '', data: Buffer.from(textOf(bytes), 'base64').toString('utf8') }
    : { event, data };
}
