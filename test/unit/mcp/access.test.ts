import { describe, expect, it } from 'vitest';
import { Access } from '../../../src/mcp/access/access.ts';

const rule = { anyone: true, tools: ['a*'], prompts: [], resources: ['file:///data/*', 'exact://x/../y'] };
const access = new Access([rule]);
const may = (uri: string): boolean => access.allows({ consumer: '', consumerGroups: [] }, 'resources', uri);

describe('a beginning of resources', () => {
  it.each([
    'file:///data/report.txt',
    'file:///data/a/b%20c?x=1#top',
    'file:///data/..hidden/a...b',
    'file:///data/{name}',
    'exact://x/../y',
  ])('allows %s', (uri) => expect(may(uri)).toBe(true));

  it.each([
    'file:///data/../etc/passwd',
    'file:///data/a/..',
    'file:///data/%2e%2e/etc/passwd',
    'file:///data/.%2E/etc/passwd',
    'file:///data/%252e%252e/etc/passwd',
    'file:///data/..%2fetc',
    'file:///data/..\\etc',
    'file:///data/%2e%2e%5cetc',
    'file:///data/.\t./etc',
    'file:///data/..;x/etc',
    `file:///data/%${'25'.repeat(9)}2e%2e/etc`,
    'file:///other',
  ])('does not allow %j', (uri) => expect(may(uri)).toBe(false));

  it('and names of tools are no paths', () => {
    expect(access.allows({ consumer: '', consumerGroups: [] }, 'tools', 'a/../b')).toBe(true);
  });
});
