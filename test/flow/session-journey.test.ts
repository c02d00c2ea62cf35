// An operator follows a conversation turn by turn: who answered, at what cost, with which context, and where else each is spoken of.
import { expect, it } from 'vitest';
import { admin } from '../helpers/admin.ts';
import { aiGateway } from '../helpers/ai.ts';
import { eventually } from '../helpers/gateway.ts';
import { knowingProvider } from '../helpers/knowing-provider.ts';
import { send, user } from '../helpers/talk.ts';
import { detection, toldEngine } from '../helpers/told-engine.ts';

const TURNS = 40;
const ADMIN = {
  tokens: [
    { name: 'ola', token: 'reads-all', rights: ['read', 'content'] },
    { name: 'screen', token: 'reads-little', rights: ['read'] },
  ],
};

async function conversation() {
  const engine = toldEngine();
  const gateway = await aiGateway(
    [await knowingProvider()],
    {
      context: { enabled: true, compaction: { window: 1200, verbatimTurns: 1 } },
      admin: ADMIN,
      hypercare: { enabled: true },
    },
    {},
    { engine },
  );
  const requests: string[] = [];
  for (let at = 1; at <= TURNS; at++) {
    const said = [user(`My parcel ${at} is lost. ${'words of no weight '.repeat(8)}`)];
    const { headers } = await send(gateway, said, { 'x-session-id': 's1' }, { max_tokens: 100 });
    requests.push(String(headers['x-request-id']));
  }
  const journey = async (token = 'reads-little', more = '') =>
    (await admin(gateway, `/api/sessions/s1/journey?consumer=app&limit=200${more}`, { token })).body;
  return { gateway, engine, requests, journey };
}

it('each turn says when and by whom it was answered, for how many tokens, and by which request', async () => {
  const { requests, journey } = await conversation();
  const { turns } = await journey();
  expect(turns.map(({ request }: { request: string }) => request)).toEqual(requests);
  for (const turn of turns)
    expect(turn).toMatchObject({
      at: expect.any(Number),
      ...{ kind: 'turn', status: 'complete', format: 'openai-chat' },
      ...{ model: 'smart', provider: 'p0', upstreamModel: 'gpt-4o-mini', finishReason: 'stop' },
      ...{ tokensIn: 10, tokensOut: 5 },
      findings: [],
    });
});

it('a compaction stands at the first turn that was asked with its summary, once', async () => {
  const { journey } = await conversation();
  const { turns, summary } = await journey();
  type Step = { epoch: number; covered: number };
  const compacted = turns.flatMap((turn: { compacted: Step | null }) => turn.compacted ?? []) as Step[];
  expect(compacted.map(({ epoch }) => epoch)).toEqual(compacted.map((_, at) => at + 1));
  expect(compacted.length).toBeGreaterThan(1);
  // The last one may have been made behind the last turn.
  expect(summary.epoch - compacted.length).toBeLessThanOrEqual(1);
  for (const { context, compacted: made, why } of turns) {
    expect(why.includes('That summary is new: it was made since the turn before.')).toBe(made !== null);
    if (made) expect(context).toMatchObject(made);
  }
});

it('a turn names the findings that have its request as evidence', async () => {
  const { gateway, engine, requests, journey } = await conversation();
  const [bad = ''] = requests.slice(2);
  engine.say('opened', detection({ evidence: { bad: [bad, 'another'], good: [], events: [] } }));
  const token = 'reads-little';
  const { id } = await eventually(
    async () => (await admin(gateway, '/api/findings', { token })).body.findings[0],
  );
  const { turns } = await journey();
  expect(turns.map(({ findings }: { findings: string[] }) => findings)).toEqual(
    requests.map((request) => (request === bad ? [id] : [])),
  );
});

it('nothing of it says what was said, but to who may read that', async () => {
  const { journey } = await conversation();
  expect(JSON.stringify(await journey())).not.toMatch(/parcel|I have read/);
  expect(JSON.stringify(await journey('reads-all'))).toMatch(/parcel 7.*I have read/);
});

it('what was recalled is told by its places, and in words to who may read those and asks for them', async () => {
  const { journey } = await conversation();
  const { turns } = await journey('reads-all', '&texts=true');
  type Recalled = { version: number; passages: number; places: number[]; texts?: (string | null)[] };
  type Turn = {
    context: { recalled: Recalled[] } | null;
    content: { messages: { content: { text: string }[] }[] };
  };
  const recalledIn = (all: Turn[]) => all.flatMap(({ context }) => context?.recalled ?? []);
  const recalled = recalledIn(turns);
  expect(recalled.length).toBeGreaterThan(10);
  for (const { version, passages, places, texts } of recalled) {
    const { content } = turns[version - 1] as Turn;
    const said = content.messages.map((message) => message.content[0]?.text.trim());
    expect(places).toHaveLength(passages);
    expect(texts).toEqual(places.map((place) => said[place]));
  }
  const places = recalled.map(({ texts: _, ...each }) => each);
  const unread = [await journey(), await journey('reads-little', '&texts=true'), await journey('reads-all')];
  for (const { turns: shown } of unread) expect(recalledIn(shown)).toEqual(places);
});
