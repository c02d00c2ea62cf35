import { expect, it } from 'vitest';
import type { Detection } from '../../../src/contracts/finding.ts';
import { logQueryOf } from '../../../src/hypercare/findings/log-query.ts';
import { detection } from '../../helpers/told-engine.ts';

const asked = (signal: string, reason: string, scope: Detection['where']['scopes'][number]): string => {
  const { what, where, when } = detection();
  const query = logQueryOf({
    what: { ...what, signal },
    where: { ...where, scopes: [scope] },
    when: { ...when, since: 0 },
    reason,
  });
  const [, filter = ''] =
    /^jq -c 'select\(\.msg == "request" and \.time >= "1970[^"]+"(.*)\)'$/.exec(query) ?? [];
  return filter;
};

it('a finding is looked up by the fields in which its lines tell it', () => {
  const route = { route: 'things' };
  expect(asked('errors', 'upstream_timeout', route)).toBe(
    ' and .route == "things" and .reason == "upstream_timeout"',
  );
  expect(asked('access', 'upstream_401', { route: 'things', revision: '7' })).toBe(
    ' and .route == "things" and .revision == 7 and .status == 401',
  );
  expect(asked('attempts', 'upstream_connect', { target: 'http://a:1' })).toBe(
    ' and .target == "http://a:1" and any(.failed_attempts[]?; endswith(" upstream_connect"))',
  );
  // A tool is no route of the log's.
  const tool = { route: 'mcp/shop/a/price' };
  const place = ' and .mcp_server == "shop" and .mcp_tool == "a/price"';
  expect(asked('silent', 'tool_error', tool)).toBe(`${place} and (.outcome // .mcp_outcome) == "tool_error"`);
  expect(asked('contract', 'response /price must be number', tool)).toBe(
    `${place} and any(.contract_breaches[]?; . == "response /price must be number")`,
  );
  // What no line tells is not asked for: a query that finds nothing says that nothing was there.
  expect(asked('slow', '', tool)).toBe(place);
  expect(asked('state', 'tool_changed', tool)).toBe(place);
});

it('a name can’t end the quotes that it stands in', () => {
  expect(asked('slow', '', { route: "mcp/shop/x' ; rm -rf" })).toBe(
    ' and .mcp_server == "shop" and .mcp_tool == "x\\u0027 ; rm -rf"',
  );
});
