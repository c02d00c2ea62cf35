import { LOAD_CORE } from '../harness/pinning.ts';
import type { Upstream } from '../harness/suite.ts';
import { startNode } from './floors.ts';
import { ANSWER, CHAT_ANSWER } from './messages.ts';
import { hasNginx, startNginxUpstream } from './nginx.ts';

const answering = (answer: string, arguments_: readonly string[]): Upstream =>
  hasNginx()
    ? { name: 'nginx as upstream', start: ({ folder }) => startNginxUpstream(LOAD_CORE, folder, answer) }
    : {
        name: 'node:http as upstream, since nginx is missing',
        start: () => startNode('hello.ts', LOAD_CORE, arguments_),
      };

/** Answers everything with the same kilobyte. */
export const itemsUpstream = (): Upstream => answering(ANSWER, []);

/** Answers everything with the same completion of a chat. */
export const chatUpstream = (): Upstream => answering(CHAT_ANSWER, ['chat']);

/** Answers everything with a stream of events. */
export const streamUpstream = (): Upstream => ({
  name: 'a model on node:http',
  start: () => startNode('model.ts', LOAD_CORE),
});

/** The same, of a model that reads so many tokens a second before it says anything. */
export const readingUpstream = (tokensASecond: number): Upstream => ({
  name: `a model on node:http that reads ${tokensASecond} tokens a second`,
  start: () => startNode('model.ts', LOAD_CORE, [String(tokensASecond)]),
});
