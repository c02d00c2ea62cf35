import { expect, it } from 'vitest';
import { baseUrlOf, PROVIDER_KINDS, providerKind } from '../../../src/config/provider-kinds.ts';

const settings = { region: 'eu-west-1', account: 'acc', project: 'proj' };

it('every kind that has an address has a valid one, over TLS unless it is on this machine', () => {
  for (const kind of PROVIDER_KINDS) {
    if (providerKind(kind)?.baseUrl === undefined) continue;
    const url = new URL(baseUrlOf({ kind, ...settings }));
    expect(url.protocol === 'https:' || url.hostname === '127.0.0.1', kind).toBe(true);
    expect(url.pathname === '/' || !url.pathname.endsWith('/'), kind).toBe(true);
    expect(url.href).not.toMatch(/\{|undefined/);
  }
});

it('an address is made of the settings it needs; one that is configured is left as it is', () => {
  expect(baseUrlOf({ kind: 'bedrock', ...settings })).toBe('https://bedrock-runtime.eu-west-1.amazonaws.com');
  expect(baseUrlOf({ kind: 'cloudflare', ...settings })).toContain('/accounts/acc/ai/v1');
  expect(baseUrlOf({ kind: 'mistral', baseUrl: 'http://127.0.0.1:1/x' })).toBe('http://127.0.0.1:1/x');
});
