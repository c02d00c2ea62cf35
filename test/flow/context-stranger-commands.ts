// End users of the same consumer, and callers who name none, that know what somebody else’s conversation is called.
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect } from 'vitest';
import { eventually } from '../helpers/gateway.ts';
import { type Answer, call } from '../helpers/raw-http.ts';
import { command } from './context-commands.ts';
import { erase, eraseUser } from './context-erase-commands.ts';
import {
  APIS,
  type Api,
  allGone,
  BRIEF_MS,
  isSaidNoMore,
  type KnownPlace,
  knownOf,
  type Model,
  nextMark,
  type Request,
  type Run,
  requestOf,
  settled,
  splitPlace,
  TENANTS,
  thing,
  told,
  USERS,
} from './context-world.ts';

const place = fc.constantFrom(...Object.keys(USERS));
/** '' = none is named. */
const stranger = fc.constantFrom('bob', '');
const nameOf = (who: string): string => who || 'nobody in particular';

/** What somebody says who knows this of a conversation; undefined: there is no such thing to know. */
type Way = (known: KnownPlace, session: string, mark: string) => [request: Request, key: string] | undefined;

const byName =
  (api: Api): Way =>
  (_, session, mark) => [requestOf(api, session, [thing(mark)]), mark];

const WAYS: Readonly<Record<string, Way>> = {
  ...Object.fromEntries(APIS.map((api) => [`its name, ${api}`, byName(api)])),
  'a response': ({ acknowledged }, session, mark) => {
    const of = acknowledged.values().find(({ responseId }) => responseId !== '');
    const more = { previous_response_id: of?.responseId };
    return of && [{ ...requestOf('responses', session, [thing(mark)], more), headers: {} }, mark];
  },
  'a request, with its key': ({ acknowledged }) => {
    const of = acknowledged.values().next().value;
    return of && [{ ...of.request, body: { ...of.request.body, stream: false } }, of.key];
  },
  // Without a key it may be known by how it begins.
  'all that was said in it': ({ logs }, session, mark) => {
    const log = logs.values().next().value;
    return log && [requestOf('chat', session, [...log, thing(mark)]), ''];
  },
};

const isThere = (model: Readonly<Model>, at: string): boolean => (model.get(at)?.acknowledged.size ?? 0) > 0;

const comes = fc
  .record({ at: place, who: stranger, by: fc.constantFrom(...Object.keys(WAYS)) })
  .map(({ at, who, by }) =>
    command(
      `${nameOf(who)} comes to ${at} by ${by}`,
      async (model, run) => {
        const { session } = splitPlace(run, at);
        const known = knownOf(model, at);
        const mark = nextMark(run, at);
        known.gone.add(mark);
        const prompts = run.provider.prompts.length;
        const asks = WAYS[by]?.(known, session, mark) ?? byName('chat')(known, session, mark);
        const [request, key] = asks as [Request, string];
        const refused = await told(run, at, request, key, undefined, who);
        expect([refused.status, run.provider.prompts.length]).toEqual([404, prompts]);
        // In the bytes of one that there never was.
        const never = requestOf('conversation', `${session}x`, [thing(mark)]);
        const unknown = await told(run, at, never, `${mark}x`, undefined, who);
        if (request.path === never.path) expect(plain(refused)).toEqual(plain(unknown));
      },
      (model) => isThere(model, at),
    ),
  );

const LOOKS = [
  ['GET', ''],
  ['GET', '/items'],
  ['DELETE', ''],
] as const;

const looks = fc.record({ at: place, look: fc.constantFrom(...LOOKS) }).map(({ at, look: [method, what] }) =>
  command(
    `somebody looks for ${at}: ${method} ${what}`,
    async (_, run) => {
      const { tenant, session } = splitPlace(run, at);
      const headers = { authorization: `Bearer ${TENANTS[tenant]}` };
      const look = (id: string) =>
        eventually(async () => {
          const answer = await call(run.gateway.url, `/v1/conversations/${id}${what}`, { method, headers });
          return answer.status !== 503 && plain(answer);
        });
      const found = await look(session);
      expect(found).toEqual(await look(`${session}x`));
      expect(found.status).toBe(404);
    },
    (model) => isThere(model, at),
  ),
);

/** An answer without what is another of each. */
function plain({ status, headers, body }: Pick<Answer, 'status' | 'headers' | 'body'>) {
  const { date: _, 'x-request-id': id, ...rest } = headers;
  return { status, headers: rest, body: body.toString().replaceAll(String(id), '') };
}

/** How a conversation comes to its end. */
const ENDS: Readonly<Record<string, (model: Model, run: Run, at: string) => Promise<unknown>>> = {
  erased: (_, run, at) => erase(run, at),
  'erased with all of its user’s': (_, run, at) => eraseUser(run, at),
  over: async (model, run, at) => {
    const mark = nextMark(run, at);
    knownOf(model, at).open.add(mark);
    const last = requestOf('chat', splitPlace(run, at).session, [thing(mark)]);
    expect((await told(run, at, last, mark, run.brief)).status).toBe(200);
    await sleep(2 * BRIEF_MS);
  },
};

const comesAfter = fc
  .record({
    at: place,
    who: stranger,
    api: fc.constantFrom('chat' as const, 'messages' as const, 'responses' as const),
    end: fc.constantFrom(...Object.keys(ENDS)),
  })
  .map(({ at, who, api, end }) =>
    command(`${at} is ${end}, and ${nameOf(who)} takes its name, ${api}`, async (model, run) => {
      await settled(run);
      await ENDS[end]?.(model, run, at);
      const known = knownOf(model, at);
      allGone(known);
      const { session } = splitPlace(run, at);
      const says = async (place: string, by: string) => {
        const mark = nextMark(run, place);
        known.gone.add(mark);
        return await told(run, at, requestOf(api, session, [thing(mark)]), mark, undefined, by);
      };
      const { status, headers } = await says(`${at} of ${nameOf(who)}`, who);
      // Nobody is told that it was somebody else’s.
      const { 'x-context-status': context, 'x-context-version': version } = headers;
      expect([status, context, version]).toEqual([200, 'new', '1']);
      expect(run.provider.prompts.at(-1)).toHaveLength(1);
      // From now on it is theirs; what is nobody's in particular is anybody's.
      if (who !== '') expect((await says(at, USERS[at] as string)).status).toBe(404);
      await erase(run, at);
      await isSaidNoMore(model, run, at);
    }),
  );

/** What people do to whom a conversation does not exist. */
export const strangers = [comes, comes, looks, comesAfter];
