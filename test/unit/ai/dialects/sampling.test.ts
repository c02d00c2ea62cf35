// How answers are drawn: newer models of Anthropic's refuse to be told, wherever they run.
import { describe, expect, it } from 'vitest';
import { anthropic } from '../../../../src/ai/providers/anthropic.ts';
import { bedrock } from '../../../../src/ai/providers/bedrock/index.ts';
import { openaiServices } from '../../../../src/ai/providers/openai.ts';
import type { Provider } from '../../../../src/contracts/provider.ts';
import { convert, refusedField } from '../../../helpers/translate.ts';

const hi = { messages: [{ role: 'user', content: 'Hi' }] };
const NEWER = ['claude-opus-4-7', 'claude-opus-4-8', 'claude-opus-5', 'claude-sonnet-5', 'claude-haiku-5-5'];
const AT: readonly (readonly [string, Provider, (model: string) => string])[] = [
  ['Anthropic', anthropic, (model) => model],
  ['Bedrock', bedrock, (model) => `us.anthropic.${model}-v1:0`],
];

describe.each(AT)('at %s', (_, to, named) => {
  it.each(NEWER)('%s can’t be told, and the client hears what it asked for in vain', (model) => {
    const refused = (extra: object) => refusedField('openai-chat', to, { ...hi, ...extra }, named(model));
    expect(refused({ temperature: 0 })).toBe('temperature');
    expect(refused({ top_p: 0.5 })).toBe('top_p');
    expect(refused({ top_k: 5 })).toBe('top_k');
  });

  it('what is usual anyway is not said to them', () => {
    const sent = convert('openai-chat', to, { ...hi, temperature: 1, top_p: 1 }, named('claude-opus-5'));
    expect(JSON.stringify(sent)).not.toMatch(/temperature|top_?p/i);
  });

  it('the operator may have it left out', () => {
    const asked = { ...hi, temperature: 0.2 };
    const sent = convert('openai-chat', to, asked, named('claude-opus-4-8'), ['temperature']);
    expect(JSON.stringify(sent)).not.toContain('temperature');
  });

  it.each([
    'claude-opus-4-6',
    'claude-sonnet-4-5',
    'claude-3-7-sonnet-latest',
    'claude-opus-4-20250514',
  ])('%s can be told', (model) => {
    const sent = convert('openai-chat', to, { ...hi, temperature: 0.2, top_k: 3 }, named(model));
    const own = sent.additionalModelRequestFields ?? sent;
    expect([sent.inferenceConfig ?? sent, own]).toMatchObject([{ temperature: 0.2 }, { top_k: 3 }]);
  });

  it('of two of which models take one, the one that asks for nothing goes', () => {
    const sent = convert('openai-chat', to, { ...hi, temperature: 0.7, top_p: 1 }, named('claude-haiku-4-5'));
    expect(sent.inferenceConfig ?? sent).toMatchObject({ temperature: 0.7 });
    expect(JSON.stringify(sent)).not.toMatch(/top_?p/i);
  });
});

describe('what an operator drops is left out', () => {
  const openai = openaiServices.openai as Provider;
  const asked = { ...hi, max_tokens: 9, temperature: 0.2, metadata: { user_id: 'u1' } };

  it('though the provider could carry it', () => {
    const sent = convert('anthropic-messages', openai, asked, 'o3', ['temperature', 'metadata.user_id']);
    expect(sent).toMatchObject({ model: 'o3', max_completion_tokens: 9 });
    expect(sent).not.toHaveProperty('temperature');
    expect(sent).not.toHaveProperty('user');
  });

  it('but never what makes it a request', () => {
    const sent = convert('anthropic-messages', openai, asked, 'o3', ['messages', 'model', 'stream']);
    expect(sent).toMatchObject({ model: 'o3', messages: [{ role: 'user', content: 'Hi' }] });
  });
});
