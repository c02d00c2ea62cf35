import type { Part } from '../part.ts';
import { type Check, checkBreaker } from './context.ts';

/** Whether a server is there in one way, and whether anybody may use it. */
export const checkMcp: Check = (config, context) => {
  const { report } = context;
  checkResource(config.get('mcp'), report);
  for (const [, server] of config.get('mcp', 'servers').entries) {
    const isThere = [server.has('url'), server.has('command')].filter(Boolean).length;
    if (isThere !== 1) report(server, 'needs either a url or a command');
    checkBreaker(server.get('breaker'), context);
    if (server.has('command')) {
      for (const key of ['headers', 'auth', 'tls', 'breaker']) {
        const part = server.get(key);
        if (part.isWritten && (key !== 'headers' || part.keys.length > 0))
          report(part, 'belongs to servers with a url: it would do nothing here');
      }
    }
    for (const [name, header] of server.get('headers').entries) {
      if (name.toLowerCase() === 'authorization') report(header, 'is a secret: it belongs in auth.token');
    }
    for (const rule of server.get('allow').items) checkRule(rule, report);
  }
};

/** Metadata that send clients for tokens which nobody here checks would be a promise that is not kept. */
function checkResource(mcp: Part, report: (part: Part, message: string) => void): void {
  const resource = mcp.get('resource');
  if (!resource.isWritten) return;
  const url = resource.get('url');
  const parsed = url.text === undefined ? null : URL.parse(url.text);
  if (parsed && (parsed.pathname !== '/' || parsed.search !== '' || parsed.hash !== ''))
    report(url, 'is the origin alone, without a path: the prefix and the server’s name are added to it');
  if (!JSON.stringify(mcp.get('policies').value ?? []).includes('"auth-jwt"'))
    report(resource, 'sends clients for tokens, and no auth-jwt in mcp.policies checks them');
}

function checkRule(rule: Part, report: (part: Part, message: string) => void): void {
  const isAnyone = rule.get('anyone').value === true;
  const isNamed = rule.has('consumers') || rule.has('groups');
  if (!isAnyone && !isNamed) report(rule, 'names nobody: say consumers, groups, or anyone: true');
  if (isAnyone && isNamed) report(rule.get('anyone'), 'makes the names beside it void');
  for (const list of ['tools', 'prompts', 'resources']) {
    for (const pattern of rule.get(list).items) {
      const star = pattern.text?.indexOf('*') ?? -1;
      if (star >= 0 && star !== (pattern.text?.length ?? 0) - 1)
        report(pattern, 'a "*" stands at the end of a name, or nowhere');
    }
  }
}
