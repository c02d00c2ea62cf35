import type { SessionRef } from '../contracts/session.ts';
import type { Whose } from './commit-anew.ts';
import type { Answered } from './tell-turn.ts';

/** A turn that is being answered, and what others do to its conversation meanwhile. */
export interface AnsweredTurn extends Answered {
  readonly ref: SessionRef;
  /** Of what was read for it something is not to be known any more. */
  isForgotten: boolean;
  /** Its conversation is erased, whatever the store knows of that. */
  isErased: boolean;
  /** Known at its end. */
  isCut?: boolean;
  /** It is written, or given back. */
  readonly end: () => void;
}

/** The turns that this process has in hand, from when they were read until they are written or given back. */
export class Answering {
  readonly #turns = new Set<AnsweredTurn>();

  /** Its `end` has to follow. */
  begin(ref: SessionRef, known: Omit<Answered, 'isErased' | 'isCut'>): AnsweredTurn {
    const end = (): void => void this.#turns.delete(turn);
    const turn: AnsweredTurn = { ref, ...known, isForgotten: false, isErased: false, end };
    this.#turns.add(turn);
    return turn;
  }

  /** All of each session of which one is meant. */
  of(isMeant: (ref: SessionRef, whose: Whose) => boolean): readonly AnsweredTurn[] {
    const sessions = Map.groupBy(this.#turns, ({ ref }) => JSON.stringify([ref.tenant, ref.session]));
    const isOne = (turn: AnsweredTurn): boolean => isMeant(turn.ref, turn);
    return [...sessions.values()].filter((turns) => turns.some(isOne)).flat();
  }

  forgotten({ tenant, session }: SessionRef): void {
    for (const turn of this.#turns)
      if (turn.ref.tenant === tenant && turn.ref.session === session) turn.isForgotten = true;
  }
}
