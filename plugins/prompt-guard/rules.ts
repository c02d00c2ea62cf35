export interface Rule {
  readonly name: string;
  /** How much it says by itself: 1 = enough under the default threshold. */
  readonly score: number;
  readonly pattern: RegExp;
}

/**
 * What attempts to take over a model have in common (OWASP LLM01). Heuristics: they catch what is said plainly, in
 * English. Each expression is linear: no repetition inside a repetition, nor one after another that could take the same. They read a text in lower case, without marks
 * that are not seen, with white space as single spaces: once with its line breaks, and once without.
 */
export const RULES: readonly Rule[] = [
  {
    name: 'override',
    score: 0.8,
    pattern:
      /\b(?:ignore|disregard|forget|override|bypass) (?:all |any |everything |the |your |of |my |these ){0,4}(?:previous|prior|above|earlier|preceding|system|safety|initial|original)? ?(?:instructions?|rules|prompts?|guidelines|directions|constraints|restrictions|policies|before|above)\b/,
  },
  {
    name: 'reveal_prompt',
    score: 0.7,
    pattern:
      /\b(?:reveal|show|print|repeat|output|display|tell me|give me|leak|what (?:is|are|was|were)) (?:me |us |all |of |verbatim ){0,3}(?:your (?:full |exact |entire |initial |original |hidden |secret |system |complete ){0,3}(?:prompt|instructions|message)|the (?:full |exact |entire |initial |original |hidden |secret |system |complete ){1,3}(?:prompt|instructions|message))\b/,
  },
  {
    name: 'role_play',
    score: 0.6,
    pattern:
      /\b(?:you are now|from now on you are|act as|pretend to be|pretend you are|you will be) (?:an? |the |my |in ){0,2}(?:unrestricted|unfiltered|uncensored|jailbroken|dan|developer mode|evil|amoral|root|administrator|ai without)\b/,
  },
  {
    name: 'no_limits',
    score: 0.5,
    pattern:
      /\b(?:without|no|free of|free from) (?:any |all |your ){0,2}(?:restrictions|limitations|filters|censorship|ethical guidelines|safety guidelines|content policy)\b/,
  },
  {
    name: 'jailbreak',
    score: 0.6,
    pattern: /\b(?:jailbreak|do anything now|developer mode (?:enabled|on)|dan mode)\b/,
  },
  {
    name: 'role_marker',
    score: 0.7,
    pattern: /<\|(?:im_start|im_end|system|start_header_id|endoftext)\|?>|\[\/?inst\]|<<\/?sys>>|<\/?system>/,
  },
  {
    name: 'fake_turn',
    score: 0.4,
    pattern: /(?:^|\n) ?#{0,3} ?(?:system|assistant|developer) ?(?:message|prompt)? ?:/,
  },
  {
    name: 'exfiltration',
    score: 0.6,
    pattern: /!\[[^\]\n]{0,100}\]\(https?:\/\/[^)\s?=]{1,300}[?=][^)\s]{0,600}(?:\{|%7b|\$)/,
  },
];

/** Marks that are not seen: zero-width ones, directions, and the tags in which whole texts were hidden. */
const UNSEEN = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]|[\u{e0000}-\u{e007f}]/gu;
const TAGS = /[\u{e0020}-\u{e007e}]{4,}/u;

/** The rules that a text breaks. */
export function brokenRules(text: string): { name: string; score: number }[] {
  const plain = text
    .normalize('NFKC')
    .replace(UNSEEN, '')
    .toLowerCase()
    .replace(/[^\S\n]+/g, ' ');
  const line = plain.replace(/\s+/g, ' ');
  const broken: { name: string; score: number }[] = RULES.filter(
    ({ pattern }) => pattern.test(plain) || (line !== plain && pattern.test(line)),
  );
  return TAGS.test(text) ? [...broken, { name: 'hidden_text', score: 1 }] : broken;
}
