import { MASK } from '../mask.ts';
import type { Part } from '../part.ts';
import { isSecretAt } from '../wording.ts';
import { type Check, type CheckContext, mustDiffer } from './context.ts';

/** The names of who needs no token of their own: `admin.token`, and whoever calls where there is none. */
const RESERVED = ['admin', 'local'];

/** Who may use the admin API; and that nobody sends back what it shows in place of secrets. */
export const checkAdmin: Check = (config, context) => {
  const tokens = config.get('admin', 'tokens').items;
  mustDiffer(
    tokens.map((token) => token.get('name')),
    'the token',
    context,
  );
  for (const token of tokens) {
    const name = token.get('name');
    if (RESERVED.includes(name.text ?? ''))
      context.report(name, `must not be ${RESERVED.join(' or ')}: those names have a meaning of their own`);
    if (token.has('token') === token.has('sha256'))
      context.report(token, 'needs token or sha256, one of them');
    if (token.get('token').text?.trim() === '')
      context.report(token.get('token'), 'must not be empty: anybody could use the admin API');
  }
  refuseMasks(config, context);
};

/** A config that was read from the admin API and sent back as it is would replace every secret by its mask. */
function refuseMasks(part: Part, context: CheckContext, keys: readonly string[] = []): void {
  for (const item of part.items) refuseMasks(item, context, keys);
  for (const [key, each] of part.entries) refuseMasks(each, context, [...keys, key]);
  const { text } = part;
  if (text === undefined) return;
  if ((text === MASK && isSecretAt(keys)) || text.includes(`://${MASK}@`))
    context.report(
      part,
      'is what stands in place of a secret where a config is shown: write the secret itself',
    );
}
