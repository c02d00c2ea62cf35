// What the scripts of sessions answer, as the contract has it.
import type { Committed, Reserved, SessionHead, StoredSummary, StoredTurn } from '../../contracts/session.ts';
import { turnOf } from '../session-text.ts';

export function headOf(head: readonly string[]): SessionHead {
  const [version, generation, edits, last, hash, count, epoch, covered, tokens, owner, created, touched] =
    head;
  return {
    version: Number(version),
    generation: Number(generation),
    edits: Number(edits),
    head: last ?? '',
    hash: hash ?? '',
    count: Number(count),
    epoch: Number(epoch),
    covered: Number(covered),
    tokens: Number(tokens),
    owner: owner ?? '',
    createdAt: Number(created),
    touchedAt: Number(touched),
    state: head[12] as SessionHead['state'],
    metadata: head[13] ?? '',
  };
}

export const summaryOf = (text: string): StoredSummary | undefined =>
  text === '' ? undefined : (JSON.parse(text) as StoredSummary);

export function turnIn(text: string): StoredTurn {
  const first = text.indexOf('\n');
  const second = text.indexOf('\n', first + 1);
  const [version, at, stale, id = '', parent = '', hash = ''] = text.slice(0, first).split(' ');
  return turnOf(
    { version: Number(version), at: Number(at), staleBase: stale === '1', id, parent, hash },
    text.slice(first + 1, second),
    text.slice(second + 1),
  );
}

export function committedOf([kind, version, stale, repeated]: readonly string[]): Committed {
  if (kind === 'gone') return { kind };
  if (kind === 'conflict') return { kind, version: Number(version) };
  return {
    kind: 'committed',
    version: Number(version),
    staleBase: stale === '1',
    repeated: repeated === '1',
  };
}

/** The turns in the answer to a reservation. */
export function turnsIn(answer: readonly unknown[]): readonly string[] {
  if (answer[0] === 'reserved') return answer[7] as string[];
  return answer[0] === 'replay' ? [answer[2] as string] : [];
}

export function reservedOf(answer: readonly unknown[]): Reserved {
  switch (answer[0]) {
    case 'replay':
      return { kind: 'replay', head: headOf(answer[1] as string[]), turn: turnIn(answer[2] as string) };
    case 'running':
    case 'locked':
      return { kind: answer[0], version: Number(answer[1]), retryAfterMs: Number(answer[2]) };
    case 'version':
      return { kind: 'version', version: Number(answer[1]) };
    case 'reserved': {
      const [, head, fence, isNew, reset, summary, from, turns, pending] = answer;
      return {
        kind: 'reserved',
        head: headOf(head as string[]),
        fence: Number(fence),
        isNew: isNew === '1',
        reset: reset as '',
        summary: summaryOf(summary as string),
        from: Number(from),
        turns: (turns as string[]).map(turnIn),
        pending: Number(pending),
      };
    }
    default:
      return { kind: 'unknown' };
  }
}
