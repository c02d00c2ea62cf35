import type { AiConfig } from '../../config/schema/index.ts';
import type { ShadowSide } from '../../contracts/shadow.ts';
import type { LiveExchange } from '../../record/exchange.ts';
import type { ChatCall, ChatRequest } from '../chat-call.ts';
import type { AskInside } from '../inner-call.ts';
import type { Model } from '../models/catalog.ts';
import { likeness } from '../shadow/compare-texts.ts';

type ShadowSettings = NonNullable<AiConfig['models'][string]['shadow']>;

/** Characters of each text that are compared and kept. */
const LONGEST_TEXT = 8000;

/**
 * Arranges that a share of calls is put to a candidate as well. That begins when the real call is over and in the books:
 * nothing of it can be waited for.
 */
export const shadowed =
  (askInside: AskInside) =>
  (call: ChatCall): void => {
    const [model] = call.candidates;
    const { exchange, answer, format, ports } = call;
    const shadow = model?.shadow;
    if (!shadow || !answer?.facts || format.kind !== 'chat') return;
    // The model gave none, or was asked more than the client did.
    if (answer.fromCache || answer.byRules || exchange.ai?.repaired) return;
    if (!model.deployments.some((each) => each === answer.deployment)) return;
    const { settings } = shadow;
    if (ports.fleet.random() >= settings.share) return;
    exchange.atEnd(() => {
      if (exchange.reason === 'client_cancelled') return;
      const over = ports.shadows.begin(model.name, settings.maxInFlight);
      if (!over) return ports.shadows.count(model.name, settings.model, 'dropped_busy');
      const text = answer.facts?.text.slice(0, LONGEST_TEXT) ?? '';
      void askCandidate(call, model, askInside, text).finally(over);
    });
  };

async function askCandidate(
  call: ChatCall,
  { name, shadow }: Model,
  askInside: AskInside,
  said: string,
): Promise<void> {
  await call.settled;
  const { exchange, ports, budgets, format } = call;
  if (!shadow) return;
  const { settings, rules } = shadow;
  const body = JSON.parse(call.bytes.toString('utf8')) as Record<string, unknown>;
  delete body.stream;
  delete body.stream_options;
  let recorded: (asked: LiveExchange) => void = () => undefined;
  const record = new Promise<LiveExchange>((resolve) => {
    recorded = resolve;
  });
  let text = '';
  try {
    const { facts } = await askInside(call, {
      purpose: 'shadow',
      format,
      body: { ...body, model: settings.model },
      headers: call.headers,
      timeout: settings.timeout,
      outlives: true,
      // Whoever asks a model, its own budgets hold; those of the consumer, whom nobody asked, do not.
      budgets: {
        ...budgets,
        rules: [...budgets.rules.filter(({ scope }) => scope === 'model'), ...rules],
        maxDepth: 0,
      },
      onRecorded: recorded,
    });
    text = facts.text.slice(0, LONGEST_TEXT);
  } catch (error) {
    // Its outcome and reason are in the pair.
    ports.log.debug({ err: error, request_id: exchange.id }, 'a candidate did not answer');
  }
  const asked = await record;
  const isSameText = text === said;
  const hasFailed = asked.reason !== 'ok';
  const outcome = hasFailed ? 'failed' : isSameText ? 'same' : 'different';
  ports.shadows.count(name, settings.model, outcome);
  const kept = (whole: string): string => (settings.texts && mayKeep(call) ? whole : '');
  await ports.shadows.keep(
    {
      at: exchange.startedAt,
      requestId: exchange.id,
      consumer: exchange.consumer,
      // It is this model's, by whichever name it was asked for.
      real: { ...sideOf(exchange, kept(said)), model: name },
      shadow: sideOf(asked, kept(text)),
      comparison: {
        likeness: hasFailed ? 0 : likeness(said, text),
        isSameText: isSameText && !hasFailed,
        isSameFinish: exchange.ai?.finishReason === asked.ai?.finishReason,
      },
    },
    settings satisfies Pick<ShadowSettings, 'keep' | 'keepFor'>,
  );
}

/**
 * What is said in a conversation stands in it alone: there it is sealed, redacted and erased. And a client may want nothing kept.
 */
const mayKeep = ({ exchange, request }: ChatCall): boolean =>
  exchange.context === null && (request as ChatRequest).store !== false;

function sideOf({ ai, reason, durationMs }: LiveExchange, text: string): ShadowSide {
  return {
    model: ai?.model ?? '',
    provider: ai?.provider ?? '',
    upstreamModel: ai?.upstreamModel ?? '',
    version: ai?.version ?? '',
    outcome: ai?.outcome ?? '',
    reason,
    finishReason: ai?.finishReason ?? '',
    tokensIn: ai?.tokensIn ?? -1,
    tokensOut: ai?.tokensOut ?? -1,
    usd: ai?.usd ?? -1,
    ms: durationMs,
    text,
  };
}
