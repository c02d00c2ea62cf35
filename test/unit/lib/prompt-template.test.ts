import { expect, it } from 'vitest';
import { compilePrompt } from '../../../src/lib/prompt-template.ts';

const fill = (text: string, input: object, partials: Record<string, string> = {}): string =>
  compilePrompt(text, partials).fill(input as Record<string, unknown>);

it('fills fields, fields of fields, and says which it uses', () => {
  const { fields } = compilePrompt('{{a}} {{ b.c }} {{a}} {{> p}}', { p: 'of {{d}}' });
  expect(fields).toEqual(['a', 'b', 'd']);
  expect(fill('Dear {{customer.name}}:', { customer: { name: 'Ada' } })).toBe('Dear Ada:');
});

it('writes text as it is, everything else as JSON, and what is missing as nothing', () => {
  const input = { text: 'a "b"\n', list: [1, 'x'], yes: true, none: null };
  expect(fill('{{text}}|{{list}}|{{yes}}|{{none}}|{{other}}|{{text.length}}', input)).toBe(
    'a "b"\n|[1,"x"]|true|||',
  );
  expect(fill('{{toString}}{{constructor.name}}', {})).toBe('');
});

it('does not look again at what was put in', () => {
  expect(fill('{{a}}', { a: '{{b}} {{> p}}', b: 'secret' }, { p: 'partial' })).toBe('{{b}} {{> p}}');
});

it('says what is wrong with a template', () => {
  expect(() => compilePrompt('{{a', {})).toThrow('without its "}}"');
  expect(() => compilePrompt('{{a b}}', {})).toThrow('no name of a field');
  expect(() => compilePrompt('{{> q}}', {})).toThrow('the partial "q"');
  expect(() => compilePrompt('{{> toString}}', {})).toThrow('the partial "toString"');
  expect(() => compilePrompt('{{> p}}', { p: 'x{{> q}}', q: '{{> p}}' })).toThrow('p → q → p');
});
