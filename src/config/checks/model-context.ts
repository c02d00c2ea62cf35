import { createHash } from 'node:crypto';
import { Cron } from 'croner';
import { DATA_KINDS } from '../../contracts/personal-data.ts';
import type { Part } from '../part.ts';
import { type Check, mustEnd, mustExist, mustLast } from './context.ts';

/** The model context: its times, its probes, and a secret that is worth the name. */
export const checkModelContext: Check = (config, context) => {
  const section = config.get('context');
  const models = config.get('ai').get('models').keys;
  const secret = section.get('privacy').get('encryptWith');
  if (secret.text && secret.text.length < LEAST_SECRET)
    context.report(secret, `must have at least ${LEAST_SECRET} characters, better 32 that nobody chose`);
  for (const [name, pattern] of section.get('privacy').get('patterns').entries)
    if (KINDS.has(name))
      context.report(pattern, 'there is a kind of this name already: it belongs in redact');
  for (const key of ['ttl', 'maxAge', 'lease']) mustLast(section.get(key), 100, context);
  for (const key of ['lease', 'finishWithin']) mustEnd(section.get(key), context);
  const [trigger, target] = [section.get('compaction', 'trigger'), section.get('compaction', 'target')];
  if (context.fitsSchema && (target.number ?? 0) >= (trigger.number ?? Infinity))
    context.report(target, 'must be below compaction.trigger: a summary is to make a conversation shorter');
  for (const probe of section.get('probes').items) {
    const token = probe.get('admin', 'token');
    if (token.text && !opens(token.text, config.get('admin')))
      context.report(
        token,
        'is none of the tokens in admin: what the probe asks of the admin API is refused',
      );
    mustExist(probe.get('model'), 'model', models, context);
    const every = probe.get('every');
    if (every.text !== undefined && !isCron(every.text, probe.get('timezone').text))
      context.report(every, 'is no cron expression, or the timezone is none');
  }
};

const LEAST_SECRET = 16;
const KINDS: ReadonlySet<string> = new Set(DATA_KINDS);

const opens = (token: string, admin: Part): boolean =>
  [admin, ...admin.get('tokens').items].some(
    (each) =>
      each.get('token').text === token ||
      each.get('sha256').text === createHash('sha256').update(token).digest('hex'),
  );

function isCron(pattern: string, timezone: string | undefined): boolean {
  try {
    new Cron(pattern, { paused: true, ...(timezone !== undefined && { timezone }) }).nextRun();
    return true;
  } catch {
    return false;
  }
}
