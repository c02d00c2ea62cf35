import type { RE2JS } from 're2js';
import type { ModelConfig } from '../../config/schema/index.ts';
import { compileRegex } from '../../lib/regex.ts';

interface ReplyRule {
  /** Undefined: always. */
  readonly when: RE2JS | undefined;
  readonly reply: string;
}

/** Replies that need no model: the first rule that what the user said last agrees with. */
export class ReplyRules {
  readonly #rules: readonly ReplyRule[];

  constructor(rules: NonNullable<ModelConfig['rules']>) {
    this.#rules = rules.map(({ when, reply }) => ({
      // Nobody writes to a machine in the case that the operator thought of.
      when: when === undefined ? undefined : compileRegex(`(?i)${when}`),
      reply,
    }));
  }

  /** @returns undefined if no rule has a reply to it */
  replyTo(text: string): string | undefined {
    return this.#rules.find(({ when }) => when === undefined || when.test(text))?.reply;
  }
}
