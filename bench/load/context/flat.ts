import { originOf, untilServes } from '../../harness/ask.ts';
import type { Site } from '../../harness/ground.ts';
import { spread } from '../../harness/statistics.ts';
import type { Call } from '../../harness/suite.ts';
import { short, table } from '../../harness/wording.ts';
import { startGateway } from '../gateway.ts';
import { CHAT_1KB } from '../messages.ts';
import { question, rememberingGateway, type Said, Talker, type Told } from './conversation.ts';
import type { StoreKind } from './stores.ts';

/** Of the turns around one: medians. */
export interface Moment {
  readonly store: string;
  /** What clients send: `its new turn`, `all of it`. */
  readonly sends: string;
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
    const moments: Moment[] = [];
    for (const whole of [false, true]) moments.push(...(await converse(whole, isSmoke)));
    return moments;
  } finally {
    talker.close();
    await started.stop();
    await store.stop();
  }

  async function converse(whole: boolean, isSmoke: boolean): Promise<Moment[]> {
    const sends = whole ? 'all of it' : 'its new turn';
    const logs = new Map<string, Said[]>();
    const say = async (session: string): Promise<Told> => {
      const log = logs.get(session) ?? [];
      logs.set(session, log);
      const text = question(turn);
      const told = await talker.say(session, text, { stream: true, before: whole ? log : [] });
      log.push({ role: 'user', content: text }, { role: 'assistant', content: told.answer });
      return told;
    };
    const sessions = Array.from({ length: isSmoke ? 1 : SESSIONS }, (_, at) => `f${at}${whole ? 'w' : ''}`);
    const moments: Moment[] = [];
    let turn = 0;
    for (const moment of isSmoke ? [12] : MOMENTS) {
      const all: number[] = [];
      for (; turn < moment - AROUND; turn++) for (const session of sessions) await say(session);
      const before = await prompts();
      for (; turn < moment + AROUND; turn++)
        for (const session of sessions) all.push((await say(session)).firstMs);
      const after = await prompts();
      moments.push({
        store: kind.name,
        sends,
        turn: moment,
        firstTokenMs: spread(all).median,
        promptTokens: (after.sum - before.sum) / (after.count - before.count),
      });
      call.say(
        `${kind.name}, ${sends} is sent, turn ${moment}: first token after ${short(moments.at(-1)?.firstTokenMs ?? 0)} ms`,
      );
    }
    return moments;
  }
}

export function flatSection(runs: readonly Moment[]): string {
  const groups = Map.groupBy(
    runs,
    ({ store, sends, turn }) => `${store}, ${sends} is sent, turns ${turn - AROUND} to ${turn + AROUND}`,
  );
  const rows = [...groups].map(([name, of]) => {
    const over = (figure: (moment: Moment) => number): number => spread(of.map(figure)).median;
    const first = runs.filter(
      ({ store, sends, turn }) => store === of[0]?.store && sends === of[0]?.sends && turn === MOMENTS[0],
    );
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
