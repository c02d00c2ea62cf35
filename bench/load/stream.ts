import { type Saturation, saturate } from '../harness/saturation.ts';
import type { Call, Findings, Subject, Suite } from '../harness/suite.ts';
import { pairsOf, peers } from './ai.ts';
import { haproxy, rawDispatch, streamingNginx } from './floors.ts';
import { fullAiGateway, plainAiGateway, SHEDS_BY_DEFAULT } from './gateway.ts';
import { CHAT_STREAM, CHAT_STREAM_AT_ONCE, CHUNKS } from './messages.ts';
import { measurePaced } from './paced.ts';
import { streamUpstream } from './upstreams.ts';

const LEVELS = [200, 500, 1_000];
const SMOKE_LEVELS = [20];

const WHAT =
  'streamed calls to models: fifty chunks at full speed, each written by itself and in one piece; 200, 500 and 1,000 streams with 20 ms between chunks';

/** Responses of fifty chunks after which V8 no longer makes a proxy cheaper. */
const WARM_RESPONSES = 6_000;
const warmed = (subject: Subject): Subject => ({
  ...subject,
  warmRequests: Math.min(subject.warmRequests ?? WARM_RESPONSES, WARM_RESPONSES),
});

async function run(call: Call): Promise<Findings> {
  const nginx = streamingNginx();
  const dispatch = rawDispatch();
  const others = peers();
  const around = (plain: Subject, full: Subject): Subject[] =>
    [nginx, haproxy(), dispatch, plain, full, ...others].map(warmed);
  const plain = plainAiGateway();
  const full = fullAiGateway();
  const pairs = pairsOf(full, [nginx, dispatch, plain, ...others]);
  const plan: Saturation = {
    name: 'stream',
    what: WHAT,
    unit: 'response',
    connections: 64,
    cases: [CHAT_STREAM, CHAT_STREAM_AT_ONCE],
    subjects: around(plain, full),
    pairs,
    upstream: streamUpstream(),
  };
  const fast = await saturate(plan, call);
  const shed = call.effort.isSmoke ? {} : SHEDS_BY_DEFAULT;
  const subjects = around(plainAiGateway(shed), fullAiGateway(shed));
  const levels = call.effort.isSmoke ? SMOKE_LEVELS : LEVELS;
  const paced = await measurePaced({ subjects, pairs, upstream: plan.upstream, levels }, call);
  return {
    ...fast,
    facts: [
      ...fast.facts,
      `here a process is warm after ${WARM_RESPONSES} responses, ${WARM_RESPONSES * CHUNKS} chunks`,
      'paced streams: the gateways shed as by default (server.shed: 200 ms of the event loop, 4,000 requests)',
    ],
    sections: [...fast.sections, ...paced.sections],
    bottlenecks: [...fast.bottlenecks, ...paced.bottlenecks],
    reading: `${fast.reading}\n\nAt full speed the upstream writes each chunk by itself, never two of a stream in one turn of its event loop, or else the whole answer in one piece of 12 kB, which costs a proxy one read and one write in place of fifty: figures of the one say nothing about the other.\n\nPaced streams: each that ends is followed by the next, so that as many run all the time. Each chunk says at which microsecond of the machine's clock it was sent; "chunk" is the time from there to the client, "first token" that from the request to the first chunk, "gap" that between two chunks of a stream. Added is the percentile less that of the client at the upstream itself in the same round, the median of the rounds and their range. A stream has failed if its status is not 200, a chunk is missing, it does not end as OpenAI's do, or nothing has come of it for a second when the window ends. Who passes less than 97 % of the chunks that come from the upstream itself in the same round has not held the pace in it; in how many rounds stands with its name. Who has not in half of them or more has no times; those of the others are of all rounds. What a chunk costs is over those that did pass.`,
    data: { full: fast.data, paced: paced.windows },
  };
}

/** What streams cost, as fast as they come and at the pace of a model. */
export const streamSuite = (): Suite => ({ name: 'stream', what: WHAT, run });
