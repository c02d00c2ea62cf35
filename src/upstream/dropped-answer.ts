import type { AnswerFlow, AnswerReceiver } from './attempt.ts';

/** Bytes that are read to keep a connection; what is longer is cut off. */
const LARGEST = 64 * 1024;

const ignored = (): void => undefined;

/** Takes an answer that nobody wants. How it ends makes no difference. */
export function droppedAnswer(flow: AnswerFlow): AnswerReceiver {
  let bytes = 0;
  return {
    onInterim: ignored,
    onHead: ignored,
    onData(chunk) {
      bytes += chunk.length;
      if (bytes > LARGEST) flow.abort(new Error('the answer is not wanted'));
    },
    onEnd: ignored,
    onFailure: ignored,
  };
}
