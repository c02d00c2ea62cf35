import { expect, it } from 'vitest';
import { tooLong } from '../../../src/mcp/long-names.ts';

const said = (params: object) => tooLong(params as Record<string, unknown>, JSON.stringify(params).length);
const text = (length: number) => 'x'.repeat(length);

it('names have 512 characters at most, URIs 8,192, and _meta 65,536', () => {
  for (const at of [
    (name: string) => ({ name }),
    (name: string) => ({ ref: { type: 'ref/prompt', name } }),
  ]) {
    expect(said(at(text(512)))).toBeUndefined();
    expect(said(at(text(513)))).toMatch('512');
  }
  for (const at of [
    (uri: string) => ({ uri }),
    (uri: string) => ({ ref: { type: 'ref/resource', uri } }),
    (uri: string) => ({ notifications: { resourceSubscriptions: ['a:b', uri] } }),
  ]) {
    expect(said(at(text(8192)))).toBeUndefined();
    expect(said(at(text(8193)))).toMatch('8192');
  }
  expect(said({ _meta: { progressToken: text(60_000) } })).toBeUndefined();
  expect(said({ _meta: { progressToken: text(66_000) } })).toMatch('65536');
});

it('a task is named by 8,192 characters at most, and listened to with 99 others', () => {
  const ids = (count: number) => Array.from({ length: count }, (_, at) => `task-${at}`);
  const listening = (taskIds: string[]) => ({ notifications: { taskIds } });
  for (const at of [(taskId: string) => ({ taskId }), (taskId: string) => listening(['a', taskId])]) {
    expect(said(at(text(8192)))).toBeUndefined();
    expect(said(at(text(8193)))).toMatch('8192');
  }
  expect(said(listening(ids(100)))).toBeUndefined();
  expect(said(listening(ids(101)))).toMatch('100 taskIds');
});

it('what a tool is given may be as long as it likes', () => {
  expect(
    said({ name: 'take', arguments: { name: text(100_000), uri: text(100_000) }, _meta: {} }),
  ).toBeUndefined();
});
