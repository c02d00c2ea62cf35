import { expect, it } from 'vitest';
import type { Exchange } from '../../../src/contracts/exchange.ts';
import { compileTemplate } from '../../../src/lib/template.ts';

const exchange = {
  id: 'r-1',
  consumer: 'shop',
  route: 'users',
  path: '/users/a%20b/posts/7',
  query: '?q=1+2&q=3&n=%C3%A9',
  headers: {
    'x-tenant': '{{consumer}}',
    'set-cookie': ['a', 'b'],
    'x-name': 'M\xc3\xbcller',
    'x-old': 'M\xfcller',
  },
} as unknown as Exchange;
const fill = (text: string): string => compileTemplate(text, '/users/{id}/posts/:post')(exchange);

it.each([
  ['plain', 'plain'],
  ['{{consumer}}', 'shop'],
  ['<{{ route }}/{{request_id}}>', '<users/r-1>'],
  ['{{path.id}}-{{path.post}}', 'a b-7'],
  ['{{query.q}},{{query.n}},{{query.none}}', '1 2,é,'],
  ['{{request.header.X-Tenant}}', '{{consumer}}'],
  ['{{request.header.set-cookie}}|{{request.header.none}}', 'a, b|'],
  ['{{request.header.x-name}} {{request.header.x-old}}', 'Müller Müller'],
  ['a } b { c }}', 'a } b { c }}'],
])('%s becomes %s', (text, expected) => expect(fill(text)).toBe(expected));

it('encodes what is put in, and only that', () => {
  const filled = compileTemplate('/a b/{{path.id}}', '/users/{id}')(exchange, encodeURIComponent);
  expect(filled).toBe('/a b/a%20b');
});

it.each([
  ['{{nobody}}', 'which there is not'],
  ['{{constructor}}', 'which there is not'],
  ['{{__proto__}}', 'which there is not'],
  ['{{path.nobody}}', 'no such parameter'],
  ['{{consumer', 'has a "{{" without its "}}"'],
  ['{{ {{consumer}} }}', 'has a "{{" without its "}}"'],
])('%s is refused: %s', (text, message) => {
  expect(() => compileTemplate(text, '/users/{id}')).toThrow(message);
});

it('a header that a client names after something inherited is not there', () => {
  expect(fill('{{request.header.constructor}}{{request.header.__proto__}}')).toBe('');
});
