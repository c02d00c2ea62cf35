import { expect, test } from 'vitest';
import type { Drawn } from '../../../bench/scenarios/world.ts';
import type { McpFacts } from '../../../src/contracts/exchange.ts';
import type { Detection } from '../../../src/contracts/finding.ts';
import { mergeDelta, takeDelta } from '../../../src/hypercare/engine/delta.ts';
import { recall, remember } from '../../../src/hypercare/engine/memory.ts';
import { Questions } from '../../../src/hypercare/engine/questions.ts';
import { topicOf } from '../../../src/hypercare/feedback/report.ts';
import { classify } from '../../../src/hypercare/findings/classify.ts';
import { complaintAbout } from '../../../src/hypercare/signals/marks.ts';
import { fail, Small } from '../../helpers/small-gateway.ts';
import { detection } from '../../helpers/told-engine.ts';

test('with one route and one target, where nothing tells requests apart, that is the place; the budget that it burns is told', () => {
  const small = new Small().ticks(60, () => undefined);
  small.ticks(8, (one, at) => at % 3 === 0 && fail(one));
  expect(small.opened).toHaveLength(1);
  expect(small.opened[0]?.where.scopes).toEqual([{ upstream: 'shop' }]);
  expect(small.opened[0]?.impact.budgetBurnt).toBeGreaterThan(0.01);
});

test('an engine that goes on with what another had found still knows how many were hit, when nothing fails any more', () => {
  const before = new Small().ticks(60, () => undefined);
  before.ticks(8, (one, at) => at % 3 === 0 && fail(one));
  const [found] = before.core.open;
  const after = new Small();
  after.core.resume(before.core.open, found?.when.since ?? 0);
  after.ticks(8, () => undefined);
  const [told] = after.core.open;
  expect(told?.fingerprint).toBe(found?.fingerprint);
  expect(told?.impact.requests).toBe(found?.impact.requests);
  expect(told?.impact.users).toBe(found?.impact.users);
  expect(told?.impact.share).toBeLessThan(found?.impact.share ?? 0);
});

test('what is open says how many consumers it has hit by now, and what they paid for it', () => {
  const small = new Small();
  const asked = (consumers: number, isBad: boolean) => (one: Drawn, at: number) => {
    small.talk(one);
    one.consumer = `consumer-${at % consumers}`;
    if (one.ai) one.ai.usd = 0.01;
    if (isBad && at % 3 === 0) fail(one);
  };
  small.ticks(60, asked(20, false)).ticks(8, asked(2, true));
  const [opened] = small.opened;
  expect(opened?.impact.consumers).toBe(2);
  small.ticks(8, asked(20, true));
  const { consumers, usd, requests } = small.core.open[0]?.impact ?? {};
  expect(consumers).toBe(20);
  expect(usd).toBeCloseTo(0.01 * (requests ?? 0), 1);
  expect(usd).toBeGreaterThan(opened?.impact.usd ?? 0);
  // So does the engine that goes on with it.
  const after = new Small();
  after.core.resume(small.core.open, small.now);
  after.ticks(8, () => undefined);
  expect(after.core.open[0]?.impact).toMatchObject({ consumers, usd });
});

test('an objective that burnt before a restart goes on with the figure that it had, and not with nothing', () => {
  const burning = detection({
    detector: 'objective-burn',
    reason: 'works',
    where: { scopes: [{ route: 'shop' }], share: 1, normal: [] },
  });
  const after = new Small();
  after.core.resume([burning], after.now);
  after.ticks(8, (one, at) => at % 10 === 0 && fail(one));
  expect(after.core.open[0]?.what.observed).toBe(burning.what.observed);
});

test('ten seconds in which a third fails open nothing, not even ten minutes later', () => {
  const small = new Small().ticks(60, (one, at) => at % 500 === 0 && fail(one));
  small.ticks(1, (one, at) => at % 3 === 0 && fail(one));
  small.ticks(60, (one, at) => at % 500 === 0 && fail(one));
  expect(small.opened).toEqual([]);
});

test('a model that begins late is found, though its answers take as long as ever', () => {
  const small = new Small();
  const talk = (late: number) => (one: Drawn) => {
    small.talk(one);
    one.durationMs = 3000;
    if (one.ai) one.ai.firstTokenMs = 300 * late + (one.ai.tokensIn % 50);
  };
  small.ticks(90, talk(1));
  small.ticks(12, talk(6));
  expect(small.opened.map(({ what }) => what.signal)).toContain('first-token');
});

/** A target of a model that is left alone, or asked again. */
const rest = (small: Small, subject: string, to: string): void =>
  small.core.change({ at: 0, kind: 'provider', subject, from: '', to, reason: to, scopes: undefined });

test('targets of one provider that go out one after the other are one finding, which comes to be the provider’s', () => {
  const small = new Small();
  const talk = (one: Drawn) => small.talk(one);
  small.ticks(30, talk);
  rest(small, 'primary/gpt-4o', 'down');
  small.ticks(1, talk);
  expect(small.opened.map(({ reason, where }) => [reason, ...where.scopes])).toEqual([
    ['provider_out', { target: 'primary/gpt-4o' }],
  ]);
  small.ticks(30, talk);
  rest(small, 'primary/gpt-4o-mini', 'down');
  small.ticks(3, talk);
  rest(small, 'primary/gpt-4o', 'ready');
  small.ticks(3, talk);
  expect(small.opened).toHaveLength(1);
  expect(small.core.open).toHaveLength(1);
  expect(small.core.open[0]).toMatchObject({
    fingerprint: small.opened[0]?.fingerprint,
    where: { scopes: [{ provider: 'primary' }] },
    cause: { kind: 'provider' },
    evidence: { events: [expect.stringContaining('gpt-4o:'), expect.stringContaining('gpt-4o-mini:')] },
  });
});

test('traffic that is gone is a finding until it is back, however long that takes and whichever engine sees it', () => {
  const gone = (small: Small) =>
    small.core.open.filter(({ reason }) => reason === 'traffic_gone').map(({ where }) => where.scopes);
  const before = new Small().ticks(120, () => undefined).ticks(6 * 360, () => undefined, 0);
  const everywhere = [[{}], [{ route: 'shop' }]];
  expect(gone(before)).toEqual(everywhere);
  expect(before.events.filter(({ kind }) => kind === 'ended')).toEqual([]);

  const questions = new Questions(before.core, before.now);
  const { now } = before;
  const text = remember(before.core, questions.history, { now, tickMs: 10_000 });
  const after = new Small();
  after.now = now;
  const tick = recall(after.core, questions.history, { text, now, tickMs: 10_000 }) ?? 0;
  after.core.goOn(tick, now);
  after.core.resume(before.core.open, now);
  expect(gone(after.ticks(360, () => undefined, 0))).toEqual(everywhere);
  expect(gone(after.ticks(30, () => undefined))).toEqual([]);
});

test('a key that is refused, and an account that is spent, are findings until they are asked again; a limit that is reached is none', () => {
  const small = new Small();
  const talk = (one: Drawn) => small.talk(one);
  const found = () =>
    small.opened.map(({ reason, where, evidence }) => [reason, where.scopes, evidence.events.join()]);
  small.ticks(30, talk);
  rest(small, 'primary/gpt-4o', 'rate_limited');
  small.ticks(3, talk);
  expect(small.opened).toEqual([]);

  rest(small, 'primary/gpt-4o#batch', 'auth_failed');
  small.ticks(1, talk);
  const refused = 'provider primary/gpt-4o#batch: auth_failed (auth_failed)';
  expect(found()).toEqual([['provider_out', [{ target: 'primary/gpt-4o' }], refused]]);
  rest(small, 'primary/gpt-4o#batch', 'ready');
  small.ticks(15, talk);
  expect(small.core.open).toEqual([]);

  rest(small, 'primary', 'quota_spent');
  small.ticks(1, talk);
  const spent = 'provider primary: quota_spent (quota_spent)';
  expect(found().slice(1)).toEqual([['provider_out', [{ provider: 'primary' }], spent]]);
  rest(small, 'primary', 'ready');
  small.ticks(15, talk);
  expect(small.core.open).toEqual([]);
});

test('a target that is away and is taken out of the config is capacity lost no more, nor when it comes back', () => {
  const upstreams = (...targets: string[]) => ({ ...small.core.settings, upstreams: { shop: targets } });
  const small = new Small();
  small.core.use(upstreams('http://a:1', 'http://b:1', 'http://c:1'));
  const eject = (subject: string) =>
    small.core.change({
      at: 0,
      kind: 'ejection',
      subject,
      from: 'returned',
      to: 'ejected',
      reason: '5 failures',
      scopes: undefined,
    });
  small.ticks(30, () => undefined);
  eject('shop http://b:1');
  small.ticks(3, () => undefined);
  small.core.use(upstreams('http://a:1'));
  small.ticks(15, () => undefined);
  small.core.use(upstreams('http://a:1', 'http://b:1'));
  small.ticks(15, () => undefined);
  expect(small.opened).toEqual([]);
  eject('shop http://b:1');
  small.ticks(1, () => undefined);
  expect(small.opened.map(({ reason }) => reason)).toEqual(['capacity_lost']);
});

test('a breaker of which nobody knows the place takes no other one’s finding over', () => {
  const small = new Small();
  const talk = (one: Drawn) => small.talk(one);
  const open = (subject: string) =>
    small.core.change({
      at: 0,
      kind: 'breaker',
      subject,
      from: '',
      to: 'open',
      reason: '',
      scopes: undefined,
    });
  small.ticks(30, talk);
  open('support primary/gpt-4o');
  small.ticks(1, talk);
  open('nobody’s');
  small.ticks(6, talk);
  expect(small.core.open.map(({ where }) => where.scopes)).toEqual([[{ target: 'primary/gpt-4o' }], [{}]]);
});

test('a provider whose targets all fail is the place, though but one of them is out so far', () => {
  const small = new Small();
  small.ticks(30, (one) => small.talk(one));
  small.ticks(1, (one, at) => {
    small.talk(one);
    if (one.ai?.provider === 'primary' && at % 2 === 0) fail(one);
  });
  rest(small, 'primary/gpt-4o-mini', 'down');
  small.ticks(1, (one) => small.talk(one));
  expect(small.opened.map(({ reason, where }) => [reason, ...where.scopes])).toEqual([
    ['provider_out', { provider: 'primary' }],
  ]);
});

/** Twenty minutes in which half the attempts at a provider fail, and its targets rest for half a minute at a time. */
function outage(small: Small, each: (one: Drawn, minute: number) => void): void {
  for (let minute = 0; minute < 20; minute++) {
    for (const to of ['down', 'ready']) {
      for (const target of ['primary/gpt-4o', 'primary/gpt-4o-mini']) rest(small, target, to);
      small.ticks(3, (one, at) => {
        small.talk(one);
        if (one.ai?.provider === 'primary' && at % 2 === 0) {
          one.failedAttempts = [{ upstream: 'primary', target: one.target, reason: '503', endedMs: 5 }];
          each(one, minute);
        }
      });
    }
  }
}

test('an outage that nobody is hit by is one finding for as long as it lasts: attempts that fail are its own', () => {
  const small = new Small();
  small.ticks(60, (one) => small.talk(one));
  outage(small, () => undefined);
  expect(small.opened.map(({ what, where }) => [what.signal, ...where.scopes])).toEqual([
    ['state', { provider: 'primary' }],
  ]);
});

test('when people begin to be hit by an outage, that is a finding beside it', () => {
  const small = new Small();
  small.ticks(60, (one) => small.talk(one));
  outage(small, (one, minute) => minute >= 10 && fail(one));
  expect(small.opened.map(({ what, where }) => [what.signal, ...where.scopes])).toEqual([
    ['state', { provider: 'primary' }],
    ['errors', { provider: 'primary' }],
  ]);
});

test('a fallback that stood by while requests failed is a finding beside theirs: at its route, with the status that it is not for', () => {
  const small = new Small().ticks(60, () => undefined);
  small.ticks(12, (one, at) => {
    if (at % 3 === 0) Object.assign(one, { reason: 'upstream_5xx', status: 507, unusedFallback: 'status' });
  });
  const [unused, ...more] = small.opened.filter(({ what }) => what.signal === 'unused-fallback');
  expect(more).toEqual([]);
  expect(unused).toMatchObject({
    detector: 'silent-failure',
    reason: 'status_507',
    where: { scopes: [{ route: 'shop' }] },
    cause: {
      kind: 'config',
      sentence: 'The fallback of route shop is not for status 507: what fails with it reaches the client.',
    },
  });
  expect(small.opened.filter(({ detector }) => detector === 'errors')).toHaveLength(1);
});

test('a fallback that was used, and one that fails itself, has not stood by', () => {
  const small = new Small().ticks(60, () => undefined);
  small.ticks(12, (one, at) => {
    if (at % 3 === 0)
      Object.assign(one, {
        reason: 'upstream_5xx',
        status: 507,
        fallback: 'spare',
        unusedFallback: 'status',
      });
  });
  expect(small.opened.filter(({ what }) => what.signal === 'unused-fallback')).toEqual([]);
});

const drifted = ({ opened }: Small) =>
  opened.map(({ detector, reason, where }) => [detector, reason, where.scopes[0]]);
const DE = ['german', 'english', 'english', 'english', 'english', 'english'];

test('users who begin to write in another language are found, and which; nobody is told of what is usual', () => {
  const small = new Small();
  const ask = (languages: readonly string[]) => (one: Drawn, at: number) => {
    small.talk(one);
    if (one.ai) one.ai.language = languages[at % languages.length] as string;
  };
  small.ticks(120, ask(DE));
  expect(small.opened).toEqual([]);
  small.ticks(24, ask(['german', 'german', 'english']));
  expect(drifted(small)).toEqual([['drift', 'language', { model: 'support' }]]);
  expect(small.opened[0]?.why.sentence).toMatch(/german \d\d % \(usually 17 %\)/);
  expect(small.opened[0]?.cause.kind).toBe('client');
});

test('a model that calls other tools than it did, or none, is found', () => {
  const small = new Small();
  const call = (tools: readonly string[]) => (one: Drawn, at: number) => {
    small.talk(one);
    if (one.ai) one.ai.tool = tools[at % tools.length] as string;
  };
  small.ticks(120, call(['search', 'search', 'order', '']));
  expect(small.opened).toEqual([]);
  small.ticks(24, call(['refund', 'refund', 'search', '']));
  expect(drifted(small)).toEqual([['drift', 'tool_mix', { model: 'support' }]]);
  expect(small.opened[0]?.why.sentence).toContain('refund');
});

test('a model that is much less sure than it was is found', () => {
  const small = new Small();
  const answer = (confidence: number) => (one: Drawn, at: number) => {
    small.talk(one);
    if (one.ai) one.ai.confidence = confidence + (at % 10) / 500;
  };
  small.ticks(120, answer(0.95));
  expect(small.opened).toEqual([]);
  small.ticks(24, answer(0.7));
  expect(drifted(small)).toEqual([['drift', 'confidence', { model: 'support' }]]);
});

test('prompts that grow by a word, across an edge between two buckets of lengths, are no drift', () => {
  const small = new Small();
  const ask = (tokens: number) => (one: Drawn) => {
    small.talk(one);
    if (one.ai) one.ai.tokensIn = tokens;
  };
  small.ticks(120, ask(45)).ticks(24, ask(46));
  expect(small.opened).toEqual([]);
  small.ticks(24, ask(120));
  expect(drifted(small)).toEqual([['drift', 'prompt_length', { model: 'support' }]]);
});

test('tools of MCP servers that are slow, fail or break their schemas are found at their own places; their neighbours are well', () => {
  const small = new Small();
  const tools = ['price', 'stock', 'look', 'add'];
  const call = (one: Drawn, at: number, more: Partial<McpFacts> = {}): void => {
    one.route = 'mcp';
    one.headers = { 'x-user-id': `user-${at % 31}` };
    one.mcp = {
      method: 'tools/call',
      server: 'shop',
      tool: tools[at % tools.length] as string,
      session: '',
      revision: '2026-07-28',
      outcome: 'ok',
      isWaiting: false,
      breach: '',
      fault: '',
      ...more,
    };
  };
  small.ticks(60, (one, at) => call(one, at));
  small.ticks(12, (one, at) => {
    const tool = tools[at % tools.length];
    call(one, at, tool === 'price' ? { outcome: 'tool_error' } : {});
    // That a person took a minute to answer its question says nothing of it.
    if (tool === 'add' && one.mcp) {
      one.mcp.isWaiting = true;
      one.durationMs = 60_000;
    }
    if (tool === 'stock') one.durationMs = 200;
    if (tool === 'look')
      one.breaches = [{ direction: 'response', what: 'schema', at: '/price must be number' }];
  });
  const found = small.opened.map(({ what, where, reason }) => [what.signal, reason, where.scopes]);
  expect(found).toHaveLength(3);
  expect(found).toContainEqual(['silent', 'tool_error', [{ route: 'mcp/shop/price' }]]);
  expect(found).toContainEqual(['slow', expect.any(String), [{ route: 'mcp/shop/stock' }]]);
  expect(found).toContainEqual(['contract', 'response /price must be number', [{ route: 'mcp/shop/look' }]]);
});

test('times that grow by the minute are a leak; a step is none, nor is a batch that asks for more and for other things', () => {
  const HOUR = 360;
  const times = (factorOf: (at: number) => number) => (one: Drawn, at: number) => {
    // A tenth always takes a second: what is slow is as ever, and only the median moves.
    one.durationMs = at % 10 === 0 ? 1000 : 20 * factorOf(at);
  };
  const creeping = ({ opened }: Small) => opened.filter(({ detector }) => detector === 'creep');
  const perTick = 10;
  const perMinute = 6 * perTick;
  const usual = (): Small =>
    new Small().ticks(
      HOUR,
      times(() => 1),
      perTick,
    );
  const since = (at: number): number => (at - HOUR * perTick) / perMinute;

  const leak = usual().ticks(
    HOUR,
    times((at) => 1.015 ** since(at)),
    perTick,
  );
  const there = [[{ target: 'http://a:1', upstream: 'shop' }]];
  expect(creeping(leak).map(({ where }) => where.scopes)).toEqual(there);
  // It pauses and goes on: the same leak, as long as times have not come back.
  leak.ticks(
    HOUR,
    times(() => 1.015 ** 60),
    perTick,
  );
  leak.ticks(
    HOUR,
    times((at) => 1.015 ** (since(at) - 60)),
    perTick,
  );
  expect(creeping(leak).map(({ where }) => where.scopes)).toEqual(there);
  const step = usual().ticks(
    HOUR,
    times(() => 1.5),
    perTick,
  );
  expect(creeping(step)).toEqual([]);
  const batch = usual().ticks(
    HOUR / 2,
    times((at) => 1.02 ** (since(at) / 3)),
    3 * perTick,
  );
  expect(creeping(batch)).toEqual([]);
});

test('the same call again and again is a loop in one session; many who ask the same through one server are none', () => {
  const again = (session: string) => {
    const small = new Small();
    const talk = (one: Drawn, at: number): void => {
      small.talk(one);
      one.bytesIn = at;
      one.client = '10.0.0.1';
    };
    small.ticks(30, talk, 20);
    return small.ticks(
      12,
      (one, at) => {
        talk(one, at);
        if (at % 3 > 0) return;
        one.bytesIn = session === '' ? at % 9 : 77;
        one.headers = { ...one.headers, 'x-session-id': session };
      },
      20,
    ).opened;
  };
  expect(again('agent-1').map(({ reason }) => reason)).toContain('same_call');
  expect(again('')).toEqual([]);
});

test('a bill that differs is found beside what fails at its provider, by every replica, and outlives a restart', () => {
  const bill = { provider: 'primary', ledgerUsd: 100, providerUsd: 110 };
  const [teller, listener] = [new Small(), new Small()];
  for (const small of [teller, listener]) small.ticks(30, (one) => small.talk(one));
  rest(teller, 'primary/gpt-4o', 'down');
  teller.ticks(1, (one) => teller.talk(one));
  teller.core.bills.take(teller.core.counts, bill);
  mergeDelta(listener.core, JSON.parse(JSON.stringify(takeDelta(teller.core))));
  for (const small of [teller, listener]) small.ticks(60, (one) => small.talk(one));
  expect(teller.core.open.map(({ reason }) => reason)).toEqual(['provider_out', 'ledger_differs']);
  expect(listener.core.open.map(({ reason }) => reason)).toEqual(['ledger_differs']);
  const after = new Small();
  after.core.resume(listener.core.open, after.now);
  const open = () => after.ticks(60, (one) => after.talk(one)).core.open.map(({ reason }) => reason);
  expect(open()).toEqual(['ledger_differs']);
  after.core.bills.take(after.core.counts, { ...bill, providerUsd: 100 });
  expect(open()).toEqual([]);
});

test('what one replica tells another is counted there as if it had been its own', () => {
  const [teller, listener] = [new Small(), new Small()];
  teller.core.counts.own.clear();
  const both = (count: number, each: (one: Drawn, at: number) => void): void => {
    for (let tick = 0; tick < count; tick++) {
      const before = teller.core.tick;
      teller.core.tick = (now) => {
        mergeDelta(listener.core, JSON.parse(JSON.stringify(takeDelta(teller.core))));
        teller.core.tick = before;
        return before.call(teller.core, now);
      };
      teller.ticks(1, each);
      listener.ticks(1, () => undefined, 0);
    }
  };
  both(60, () => undefined);
  both(10, (one, at) => at % 3 === 0 && fail(one));
  expect(teller.opened).toHaveLength(1);
  expect(listener.opened).toHaveLength(1);
  const [own, told] = [teller.opened[0], listener.opened[0]];
  expect(told?.fingerprint).toBe(own?.fingerprint);
  expect(told?.impact.users).toBe(own?.impact.users);
  expect(told?.evidence.bad.length).toBeGreaterThan(0);
  const objectives = listener.core.objectives.all.map((each) => each.last(60));
  expect(objectives).toEqual(teller.core.objectives.all.map((each) => each.last(60)));
});

test('what the config says is usual holds on the first day: a route that always failed a little is left alone, another is not', () => {
  const begin = (usual: number): Detection[] => {
    const imported = [{ dimension: 'route', value: 'shop', errors: usual, p95: 100 }] as const;
    return new Small({ imported, objectives: [] }).ticks(12, (one, at) => at % 12 === 0 && fail(one)).opened;
  };
  expect(begin(0.09)).toEqual([]);
  expect(begin(0.001)[0]?.why.baseline).toBe('imported');
  const imported = [{ dimension: 'route', value: 'shop', p95: 10 }] as const;
  const slow = new Small({ imported, objectives: [] }).ticks(12, () => undefined).opened;
  expect(slow.map(({ what }) => what.signal)).toEqual(['slow']);
});

test('three people who say within minutes that it forgot are a matter of the conversation’s context, and two are none', () => {
  const saying = (people: number): Detection[] => {
    const small = new Small().ticks(60, () => undefined, 10);
    for (let n = 0; n < people; n++) {
      small.core.feedback({
        at: 0,
        kind: 'complaint',
        score: -1,
        topic: topicOf({ score: null, ...classify('The bot forgot what I said') }),
        requestId: '',
        author: `author ${n}`,
        scope: {},
      });
      small.ticks(1, () => undefined, 10);
    }
    return small.ticks(12, () => undefined, 10).opened;
  };
  expect(saying(2)).toEqual([]);
  expect(saying(3)).toMatchObject([
    {
      detector: 'voice',
      reason: complaintAbout('context-integrity'),
      category: 'data',
      labels: ['context-integrity'],
    },
  ]);
});

test('a target that has failed from the first day on is told by its siblings, each bad request once, however many ways it is bad in', () => {
  const small = new Small({ objectives: [], upstreams: { shop: ['http://a:1', 'http://b:1'] } });
  small.ticks(60, (one, at) => {
    one.target = at % 2 === 0 ? 'http://a:1' : 'http://b:1';
    if (at % 20 !== 1) return;
    fail(one);
    const attempt = { upstream: 'shop', target: 'http://b:1', reason: 'upstream_connect' };
    one.failedAttempts = [{ ...attempt, isRetried: true, endedMs: 1 }];
  });
  const found = small.opened.find(({ detector }) => detector === 'peer-outlier');
  expect(found?.where.scopes).toEqual([{ target: 'http://b:1', upstream: 'shop' }]);
  expect(found?.what.observed).toBeCloseTo(0.1, 1);
});
