import type { Dialect, Frame } from '../../contracts/provider.ts';
import { parseObject, textOf } from '../../lib/json.ts';
import { openEventStreamFraming } from './aws-event-stream.ts';

/**
 * How Bedrock's InvokeModelWithResponseStream is cut: whatever a model's vendor calls its events stands in Amazon's own as
 * bytes.
 */
export const awsInvokeStream: NonNullable<Dialect['stream']> = {
  contentType: 'application/vnd.amazon.eventstream',
  openFraming: (onFrame, onTooLarge) => openEventStreamFraming((frame) => onFrame(inside(frame)), onTooLarge),
};

function inside(frame: Frame): Frame {
  if (frame.event !== 'chunk') return frame;
  const { bytes } = parseObject(frame.data) ?? {};
  return { event: '', data: Buffer.from(textOf(bytes), 'base64').toString('utf8') };
}
