import { saturation } from '../harness/saturation.ts';
import type { Subject, Suite } from '../harness/suite.ts';
import { chatHello, haproxy, plainNginx, rawDispatch } from './floors.ts';
import { fullAiGateway, plainAiGateway } from './gateway.ts';
import { CHAT_1KB, CHAT_100KB } from './messages.ts';
import { bifrost } from './peers/bifrost.ts';
import { litellm } from './peers/litellm.ts';
import { portkey } from './peers/portkey.ts';
import { chatUpstream } from './upstreams.ts';

/** Gateways of models, ours and the others'. */
export const peers = (): Subject[] => [portkey(), litellm(), bifrost()];

/** Pairs of our full gateway with the floors and with every peer. */
export const pairsOf = (full: Subject, others: readonly Subject[]) =>
  others.map(({ name }) => ({ subject: full.name, against: name }));

/** What calls to models cost that are not streamed, beside the floors and other gateways of models. */
export function aiSuite(): Suite {
  const nginx = plainNginx();
  const dispatch = rawDispatch();
  const plain = plainAiGateway();
  const full = fullAiGateway();
  const others = peers();
  return saturation({
    name: 'ai',
    what: 'calls to models, not streamed, at saturation: CPU a request beside floors and other gateways',
    connections: 64,
    cases: [CHAT_1KB, CHAT_100KB],
    subjects: [nginx, haproxy(), chatHello(), dispatch, plain, full, ...others],
    pairs: pairsOf(full, [nginx, dispatch, plain, ...others]),
    upstream: chatUpstream(),
  });
}
