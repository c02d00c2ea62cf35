import { expect, it } from 'vitest';
import type { MessageCall } from '../../../src/mcp/call.ts';
import { guardedMessage, guardedResult } from '../../../src/mcp/relay/guard-texts.ts';

const filter = { take: (text: string) => text.replaceAll('secret', '[X]'), end: () => '' };
const call = {
  policies: { areGuards: true, openGuards: () => [{ openAnswer: () => filter }] },
  exchange: {},
} as unknown as MessageCall;

it.each([
  ['texts', { content: [{ type: 'text', text: 'a secret' }] }],
  ['a bare text', { structuredContent: 'secret' }],
  ['texts in lists', { structuredContent: ['secret', ['secret']] }],
  ['keys', { structuredContent: { secret: 1, deep: [{ secret: 2 }] } }],
  ['data that is no image’s', { structuredContent: { mimeType: 'text/plain', data: 'secret' } }],
  [
    'data that says it is an image’s',
    { structuredContent: { type: 'image', mimeType: 'a/b', data: 'secret' } },
  ],
  [
    'what a server adds',
    { content: [{ type: 'text', text: '', _meta: { 'shop.example/note': ['secret'] } }] },
  ],
  ['completions', { completion: { values: ['secret'] } }],
  [
    'titles and descriptions',
    { content: [{ type: 'resource_link', uri: 'a:b', title: 'secret', description: 'secret' }] },
  ],
])('of a result %s are guarded', (_, result) => {
  const guarded = JSON.stringify(guardedResult(result, call));
  expect(guarded).not.toContain('secret');
  expect(guarded).toContain('[X]');
});

it('of what it says by itself, too: log and errors, whatever they call themselves', () => {
  const log = {
    method: 'notifications/message',
    params: { mimeType: 'a/b', level: 'info', data: { a: 'secret' } },
  };
  const image = {
    method: 'notifications/message',
    params: { type: 'image', mimeType: 'a/b', data: 'a secret' },
  };
  const error = { error: { code: 1, message: 'secret', data: { secret: 'secret' } } };
  for (const message of [log, image, error])
    expect(JSON.stringify(guardedMessage(message, call))).not.toContain('secret');
});

it('what is nobody’s to read stays as it is, and the result the same object', () => {
  const result = {
    content: [
      { type: 'image', mimeType: 'image/png', data: 'secret+/==' },
      { type: 'resource', resource: { uri: 'a:secret', blob: 'secret' } },
    ],
    _meta: { progressToken: 'secret', 'io.modelcontextprotocol/related': { id: 'secret' } },
  };
  expect(guardedResult(result, call)).toBe(result);
});

it('two keys that are one behind their guard are both there', () => {
  const { structuredContent } = guardedResult(
    { structuredContent: { secret: 1, '[X]': 2 } } as Record<string, unknown>,
    call,
  );
  expect(structuredContent).toEqual({ '[X]': 1, '[X] 2': 2 });
});
