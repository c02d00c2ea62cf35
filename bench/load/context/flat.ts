import { originOf, untilServes } from '../../harness/ask.ts';
import type { Site } from '../../harness/ground.ts';
import { spread } from '../../harness/statistics.ts';
import type { Call } from '../../harness/suite.ts';
import { short, table } from '../../harness/wording.ts';
import { startGateway } from '../gateway.ts';
import { CHAT_1KB } from '../messages.ts';
import { question, rememberingGateway, Talker } from './conversation.ts';
import type { StoreKind } from './stores.ts';

/** Of the turns around one: medians. */
export interface Moment {
  readonly store: string;
  readonly turn: number;
  readonly firstTokenMs: number;
  /** Estimated, mean. */
  readonly promptTokens: number;
}

const AROUND = 10;
const MOMENTS = [20, 200];
const SESSIONS = 6;
/** Tokens that prompts and answers are kept within. */
const WINDOW = 6000;

/** Streamed conversations of over two hundred turns that are compacted on the way. */
export async function flatnessOf(kind: StoreKind, site: Site, call: Call, folder: string): Promise<Moment[]> {
  const store = await kind.start(folder);
  const plan = rememberingGateway(`gateway on ${kind.name}`, store.url, { window: WINDOW });
  const started = await startGateway(plan, { folder, upstreamPort: site.upstream.port });
  const talker = new Talker(originOf(started));
  const prompts = async (): Promise<{ sum: number; count: number }> => {
    const text = await (await fetch(`http://127.0.0.1:${started.ports.admin}/metrics`)).text();
    const of = (name: string): number =>
      Number(new RegExp(`^gateway_context_prompt_tokens_${name}{[^}]*} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
    return { sum: of('sum'), count: of('count') };
  };
  try {
    await untilServes(plan, started, CHAT_1KB);
    const { isSmoke } = call.effort;
    for (let at = 0; at < (isSmoke ? 1 : 1500); at++) await talker.say('', question(at), { stream: true });
    const sessions = Array.from({ length: isSmoke ? 1 : SESSIONS }, (_, at) => `f${at}`);
    const moments: Moment[] = [];
    let turn = 0;
    for (const moment of isSmoke ? [12] : MOMENTS) {
      const all: number[] = [];
      for (; turn < moment - AROUND; turn++)
        for (const session of sessions) await talker.say(session, question(turn), { stream: true });
      const before = await prompts();
      for (; turn < moment + AROUND; turn++)
        for (const session of sessions)
          all.push((await talker.say(session, question(turn), { stream: true })).firstMs);
      const after = await prompts();
      moments.push({
        store: kind.name,
        turn: moment,
        firstTokenMs: spread(all).median,
        promptTokens: (after.sum - before.sum) / (after.count - before.count),
      });
      call.say(
        `${kind.name}, turn ${moment}: first token after ${short(moments.at(-1)?.firstTokenMs ?? 0)} ms`,
      );
    }
    return moments;
  } finally {
    talker.close();
    await started.stop();
    await store.stop();
  }
}

export function flatSection(runs: readonly Moment[]): string {
  const groups = Map.groupBy(
    runs,
    ({ store, turn }) => `${store}, turns ${turn - AROUND} to ${turn + AROUND}`,
  );
  const rows = [...groups].map(([name, of]) => {
    const over = (figure: (moment: Moment) => number): number => spread(of.map(figure)).median;
    const first = runs.filter(({ store, turn }) => store === of[0]?.store && turn === MOMENTS[0]);
    const early = (figure: (moment: Moment) => number): number => spread(first.map(figure)).median;
    const cells = (figure: (moment: Moment) => number): string[] => [
      short(over(figure)),
      short(over(figure) / early(figure)),
    ];
    return [name, ...cells((m) => m.firstTokenMs), ...cells((m) => m.promptTokens)];
  });
  return `## late in a conversation and early, within ${WINDOW} tokens\n\n${table(
    ['store, turns', 'first token, p50 ms', '÷ turn 20', 'tokens of the prompt, mean', '÷ turn 20'],
    rows,
  )}`;
}
