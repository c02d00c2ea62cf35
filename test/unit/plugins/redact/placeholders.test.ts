import { expect, it, vi } from 'vitest';
import { Placeholders } from '../../../../plugins/redact/placeholders.ts';

it('a name that a text has already is nobody’s, and the texts are read once for all names', () => {
  const placeholders = new Placeholders();
  placeholders.avoid(['from [EMAIL_1] to [EMAIL_3]', 'none', '[MY_KIND_4] [email_5]']);
  const looked = vi.spyOn(String.prototype, 'includes');
  try {
    const names = ['a', 'b', 'c'].map((value) => placeholders.of('email', value));
    expect([...names, placeholders.of('my_kind', 'd')]).toEqual([
      '[EMAIL_2]',
      '[EMAIL_4]',
      '[EMAIL_5]',
      '[MY_KIND_6]',
    ]);
    for (let at = 0; at < 100; at++) placeholders.of('email', `${at}@example.org`);
    expect(looked.mock.calls.filter(([name]) => name.startsWith('[EMAIL_'))).toEqual([]);
  } finally {
    looked.mockRestore();
  }
});
