import { DIMENSIONS, SPACE } from '../../record/signals/layout.ts';
import type { Dictionary } from '../signals/dictionary.ts';
import { type Feature, isShifted, Mix, Sizes, thresholdOf } from './distributions.ts';
import type { Suspicion } from './suspicion.ts';

const MOST = 1000;
const PROMPT = DIMENSIONS.indexOf('prompt');
const MODEL = DIMENSIONS.indexOf('model');

/** A call to a model as drift sees it. Numbers below 0 are not known. */
export interface DriftCall {
  readonly tokensIn: number;
  readonly tokensOut: number;
  /** From 0 to 1. */
  readonly confidence: number;
  /** As numbers of names; 0: not known, and no tool. */
  readonly language: number;
  readonly tool: number;
}

/** What is looked at, of each prompt and of each model. */
class Features {
  readonly prompt_length: Sizes = new Sizes();
  readonly answer_length: Sizes = new Sizes();
  readonly confidence: Sizes = new Sizes();
  readonly language: Mix = new Mix();
  readonly tool_mix: Mix = new Mix();
}

export type FeatureName = keyof Features;
const NAMES = Object.keys(new Features()) as FeatureName[];

/** Whether what models are asked and answer is still like what it was: of each prompt, and of models without one. */
export class Drift {
  readonly #features = new Map<number, Features>();
  readonly #beyond: FeatureName[] = [];

  /** @param key as `Leaves.find` takes it @returns the features in which it is unlike the usual; good until the next call */
  add(
    key: Uint16Array,
    { tokensIn, tokensOut, confidence, language, tool }: DriftCall,
  ): readonly FeatureName[] {
    const beyond = this.#beyond;
    beyond.length = 0;
    const of = this.#of(key);
    if (!of) return beyond;
    if (tokensIn >= 0 && of.prompt_length.add(tokensIn)) beyond.push('prompt_length');
    if (language > 0 && of.language.add(language)) beyond.push('language');
    // Odds of being wrong, in thousandths: near 1 is where the differences are.
    if (confidence >= 0 && of.confidence.add(1 + 1000 * (1 - confidence))) beyond.push('confidence');
    if (tokensOut <= 0) return beyond;
    if (of.answer_length.add(tokensOut)) beyond.push('answer_length');
    if (of.tool_mix.add(tool)) beyond.push('tool_mix');
    return beyond;
  }

  /** A tick is over. @param isFrozen whether what came there does not become usual */
  step(isFrozen: (dimension: number, value: number) => boolean): void {
    for (const [place, of] of this.#features) {
      const is = isFrozen(dimensionOf(place), nameAt(place));
      for (const name of NAMES) of[name].step(is);
    }
  }

  /** Features that have shifted somewhere, by more than chance makes of it. */
  get shifted(): ReadonlySet<string> {
    const shifted = new Set<string>();
    for (const of of this.#features.values())
      for (const name of NAMES) if (isShifted(of[name].shift)) shifted.add(name);
    return shifted;
  }

  /** What has shifted at a suspicion's place, in figures; nothing of what is no drift. */
  read({ signal, reason, places }: Suspicion, dictionary: Dictionary): Partial<Suspicion> {
    if (signal !== 'drift' || !isName(reason)) return {};
    const named = places.flat();
    let most: { place: number; feature: Feature } | undefined;
    for (const [place, of] of this.#features) {
      const [dimension, value] = [dimensionOf(place), nameAt(place)];
      if (named.some((each) => each.dimension === dimension && each.value !== value)) continue;
      const feature = of[reason];
      if (!isShifted(feature.shift)) continue;
      if (feature.shift.index > (most?.feature.shift?.index ?? 0)) most = { place, feature };
    }
    const shift = most?.feature.shift;
    if (!most || !shift) return {};
    const space = reason === 'language' ? SPACE.language : SPACE.tool;
    const dimension = dimensionOf(most.place);
    const whose = `${DIMENSIONS[dimension]} ${dictionary.name(dimension, nameAt(most.place))}`;
    const moved = most.feature.moved((category) => dictionary.name(space, category) || 'none');
    const threshold = thresholdOf(shift);
    return {
      statistic: shift.index,
      threshold,
      sentence: `The ${reason.replace('_', ' ')} of ${whose} has shifted: ${moved}. Population stability index ${shift.index.toFixed(2)} over ${threshold.toFixed(2)}.`,
    };
  }

  #of(key: Uint16Array): Features | undefined {
    const dimension = (key[PROMPT] as number) > 1 ? PROMPT : MODEL;
    const place = dimension * 65_536 + (key[dimension] as number);
    let of = this.#features.get(place);
    if (!of && this.#features.size < MOST) {
      of = new Features();
      this.#features.set(place, of);
    }
    return of;
  }
}

const dimensionOf = (place: number): number => Math.floor(place / 65_536);
const nameAt = (place: number): number => place % 65_536;
const isName = (reason: string): reason is FeatureName => (NAMES as readonly string[]).includes(reason);
