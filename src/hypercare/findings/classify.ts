import type { FindingCategory } from '../../contracts/finding.ts';

/** What people say when a conversation was lost. The label is given at once, before any statistic agrees. */
export const CONTEXT_INTEGRITY = 'context-integrity';

const CONTEXT: readonly string[] = [
  'forgot',
  'forget',
  'forgets',
  'remember',
  'remembers',
  'what i said',
  'i already told',
  'already said',
  'already told',
  'lost the context',
  'lost context',
  'lost my conversation',
  'lost the thread',
  'starts over',
  'started over',
  'from the beginning again',
  'asks again',
  'asked me again',
  'asking again',
  'someone else’s',
  "someone else's",
  'vergisst',
  'vergessen',
];

/** Words by which a complaint is sorted; the category with most of them wins, the first of two that are equal. */
const WORDS: readonly (readonly [FindingCategory, readonly string[]])[] = [
  [
    'security',
    [
      'password',
      'hacked',
      'leak',
      'leaked',
      'phishing',
      'stranger',
      'someone else',
      'my data',
      'breach',
      'fraud',
    ],
  ],
  [
    'performance',
    [
      'slow',
      'slowly',
      'takes forever',
      'hangs',
      'loading',
      'lag',
      'laggy',
      'timeout',
      'timed out',
      'seconds',
      'langsam',
    ],
  ],
  [
    'data',
    [
      'wrong price',
      'price differs',
      'outdated',
      'stale',
      'old data',
      'wrong data',
      'incorrect',
      'missing data',
      'wrong total',
    ],
  ],
  [
    'integration',
    ['webhook', 'api key', 'sdk', 'integration', 'endpoint', 'callback', 'sync', 'export', 'import'],
  ],
  [
    'feature-request',
    [
      'would be nice',
      'please add',
      'feature',
      'i wish',
      'could you add',
      'suggestion',
      'support for',
      'it would help',
    ],
  ],
  [
    'usability',
    [
      'confusing',
      'can’t find',
      "can't find",
      'cannot find',
      'unclear',
      'hard to',
      'where is',
      'button',
      'how do i',
      'complicated',
    ],
  ],
  ['user-error', ['my mistake', 'my fault', 'typo', 'i forgot my', 'wrong key', 'i entered']],
  [
    'bug',
    [
      'error',
      'broken',
      'crash',
      'crashes',
      'doesn’t work',
      "doesn't work",
      'does not work',
      'fails',
      'failed',
      'bug',
      '500',
      '503',
      'not working',
      'forgot',
      'wrong',
    ],
  ],
];

const normal = (text: string): string => ` ${text.toLowerCase().replace(/[^\p{L}\p{N}'’]+/gu, ' ')} `;

/** Characters that are looked at. */
const MOST = 4000;

/** What a sentence of a person is about. */
export function classify(text: string): { category: FindingCategory; labels: string[] } {
  const said = normal(text.slice(0, MOST));
  const has = (word: string): boolean => said.includes(` ${word} `);
  const labels = CONTEXT.some(has) && !has('i forgot my') ? [CONTEXT_INTEGRITY] : [];
  let best: FindingCategory = 'bug';
  let most = 0;
  for (const [category, words] of WORDS) {
    const count = words.filter(has).length;
    if (count > most) [best, most] = [category, count];
  }
  return { category: labels.length > 0 && most === 0 ? 'bug' : best, labels };
}
