import { type Saturation, saturate } from '../harness/saturation.ts';
import type { Call, Findings, Suite } from '../harness/suite.ts';
import { pairsOf, peers } from './ai.ts';
import { haproxy, rawDispatch, streamingNginx } from './floors.ts';
import { fullAiGateway, plainAiGateway } from './gateway.ts';
import { CHAT_STREAM } from './messages.ts';
import { measurePaced } from './paced.ts';
import { streamUpstream } from './upstreams.ts';

const LEVELS = [200, 1_000];
const SMOKE_LEVELS = [20];

const WHAT =
  'streamed calls to models: fifty chunks at full speed, and 200 and 1,000 streams with 20 ms between chunks';

async function run(call: Call): Promise<Findings> {
  const nginx = streamingNginx();
  const dispatch = rawDispatch();
  const plain = plainAiGateway();
  const full = fullAiGateway();
  const others = peers();
  const subjects = [nginx, haproxy(), dispatch, plain, full, ...others];
  const pairs = pairsOf(full, [nginx, dispatch, plain, ...others]);
  const plan: Saturation = {
    name: 'stream',
    what: WHAT,
    unit: 'response',
    connections: 64,
    cases: [CHAT_STREAM],
    subjects,
    pairs,
    upstream: streamUpstream(),
  };
  const fast = await saturate(plan, call);
  const levels = call.effort.isSmoke ? SMOKE_LEVELS : LEVELS;
  const paced = await measurePaced({ subjects, pairs, upstream: plan.upstream, levels }, call);
  return {
    ...fast,
    sections: [...fast.sections, ...paced.sections],
    bottlenecks: [...fast.bottlenecks, ...paced.bottlenecks],
    reading: `${fast.reading}\n\nPaced streams: each that ends is followed by the next, so that as many run all the time. Each chunk says at which microsecond of the machine's clock it was sent; "chunk" is the time from there to the client, "first token" that from the request to the first chunk, "gap" that between two chunks of a stream. Added is the percentile less that of the client at the upstream itself, in the same rounds. A stream has failed if its status is not 200, a chunk is missing or it does not end as OpenAI's do.`,
    data: { full: fast.data, paced: paced.windows },
  };
}

/** What streams cost, as fast as they come and at the pace of a model. */
export const streamSuite = (): Suite => ({ name: 'stream', what: WHAT, run });
