import type { AiConfig } from '../../config/schema/index.ts';

type Prompts = AiConfig['prompts'];

/** What became of a prompt from one config revision to the next. `from` and `to` name what answers; '' = it was not there. */
export interface PromptChange {
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** A prompt answers otherwise from here on: by another version, in other shares, or with another text. */
export function promptChanges(
  before: Pick<AiConfig, 'prompts' | 'partials'>,
  after: Pick<AiConfig, 'prompts' | 'partials'>,
): PromptChange[] {
  const names = new Set([...Object.keys(before.prompts), ...Object.keys(after.prompts)]);
  const samePartials = JSON.stringify(before.partials) === JSON.stringify(after.partials);
  return [...names].flatMap((subject) => {
    const [old, now] = [before.prompts[subject], after.prompts[subject]];
    const [from, to] = [inUse(old), inUse(now)];
    if (from !== to) return [{ subject, from, to, reason: whyOther(old, now) }];
    if (JSON.stringify(old) !== JSON.stringify(now))
      return [{ subject, from, to, reason: 'its text or schema was changed' }];
    return samePartials || !usesPartials(now) ? [] : [{ subject, from, to, reason: 'a partial was changed' }];
  });
}

function inUse(prompt: Prompts[string] | undefined): string {
  if (!prompt) return '';
  const shares = Object.entries(prompt.versions).filter(([, { weight = 0 }]) => weight > 0);
  if (shares.length === 0) return String(prompt.version);
  return shares.map(([version, { weight }]) => `${version}:${weight}`).join(' ');
}

function whyOther(old: Prompts[string] | undefined, now: Prompts[string] | undefined): string {
  if (!old) return 'it was added';
  return now ? 'another version answers' : 'it was removed';
}

const usesPartials = (prompt: Prompts[string] | undefined): boolean =>
  /\{\{\s*>/.test(JSON.stringify(prompt) ?? '');
