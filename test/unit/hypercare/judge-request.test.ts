import { expect, it } from 'vitest';
import { judgeEnd } from '../../../src/hypercare/signals/judge-request.ts';

it('what a tool of an MCP server comes to is no matter of the client’s, though HTTP says 200', () => {
  for (const outcome of ['tool_error', 'rpc_error'])
    expect(judgeEnd(200, 'ok', outcome, false)).toEqual(['silent', outcome]);
  for (const reason of ['mcp_result_too_large', 'mcp_stream_lost'])
    expect(judgeEnd(200, reason, '', false)).toEqual(['errors', reason]);
  expect(judgeEnd(200, 'mcp_not_allowed', '', false)).toEqual(['client', 'mcp_not_allowed']);
});

it('an answer that the gateway could not give failed by it, though its stream began with HTTP 200', () => {
  expect(judgeEnd(200, 'context_unavailable', 'not_given', true)).toEqual(['errors', 'context_unavailable']);
  expect(judgeEnd(409, 'conversation_locked', 'not_given', true)).toBeNull();
});
