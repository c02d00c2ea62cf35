import { admin } from '../helpers/admin.ts';
import { eventually } from '../helpers/gateway.ts';
import { command, place } from './context-commands.ts';
import {
  allGone,
  isSaidNoMore,
  knownOf,
  nextMark,
  type Run,
  requestOf,
  send,
  settled,
  splitPlace,
  thing,
  USERS,
} from './context-world.ts';

const erased = (run: Run, path: string): Promise<boolean> =>
  eventually(async () => (await admin(run.gateway, path, { method: 'DELETE' })).status === 200);

/** Erases one conversation. */
export const erase = (run: Run, at: string): Promise<boolean> => {
  const { tenant, session } = splitPlace(run, at);
  return erased(run, `/api/sessions/${session}?consumer=${tenant}`);
};

/** Erases all of the user whose it is, in all runs. */
export const eraseUser = (run: Run, at: string): Promise<boolean> =>
  erased(run, `/api/sessions?consumer=${splitPlace(run, at).tenant}&user=${USERS[at]}`);

const afterwards = place.map((at) =>
  command(`${at} is erased`, async (model, run) => {
    await settled(run);
    await erase(run, at);
    allGone(knownOf(model, at));
    await isSaidNoMore(model, run, at);
  }),
);

const meanwhile = place.map((at) =>
  command(`${at} is erased while somebody is answered in it`, async (model, run) => {
    await settled(run);
    const known = knownOf(model, at);
    const mark = nextMark(run, at);
    const held = run.provider.hold(mark);
    const answered = send(run, at, requestOf('chat', splitPlace(run, at).session, [thing(mark)]), mark);
    await Promise.race([held.came, answered]);
    await erase(run, at);
    known.open.add(mark);
    allGone(known);
    held.go();
    await answered;
    await isSaidNoMore(model, run, at);
  }),
);

/** What was said is taken out. */
export const erasures = [afterwards, meanwhile];
