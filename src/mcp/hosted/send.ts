import { LOG_LEVEL_META_KEY, type Result, type ServerContext } from '@modelcontextprotocol/server';
import type { Params } from '../inbound.ts';
import { callTool } from './call-tool.ts';
import { type Link, PATIENCE_MS } from './link.ts';
import { asItCame, isList } from './lists.ts';
import { tell } from './tell.ts';

export interface SendOptions {
  readonly signal: AbortSignal;
  readonly allowInputRequired?: boolean;
  /** Said with the request where it is of 2026-07-28. */
  readonly logLevel?: string;
}

/** Sends a request on, with its progress on the way back. @throws GatewayError; what the package throws */
export function send(
  link: Link,
  method: string,
  params: Params,
  context: ServerContext,
  { logLevel, signal, ...options }: SendOptions,
): Promise<Result> {
  const { _meta, ...rest } = params;
  const { progressToken, ...given } = (_meta ?? {}) as { progressToken?: string | number };
  const meta = { ...given, ...(logLevel !== undefined && { [LOG_LEVEL_META_KEY]: logLevel }) };
  const sent = { ...rest, ...(Object.keys(meta).length > 0 && { _meta: meta }) };
  const ask = (until: AbortSignal): Promise<Result> => {
    const how = {
      ...options,
      signal: until,
      timeout: PATIENCE_MS,
      ...(progressToken !== undefined && {
        onprogress: (progress: object) => {
          link.hear();
          const notified = { method: 'notifications/progress', params: { ...progress, progressToken } };
          tell(context, notified);
        },
      }),
    };
    const request = { method, params: sent } as never;
    if (isList(method)) return link.client.request(request, asItCame(method), how) as Promise<Result>;
    if (method === 'tools/call' && link.isModern) return callTool(link, sent as never, how);
    return link.client.request(request, how as never) as Promise<Result>;
  };
  return link.unlessSilent(signal, ask);
}
