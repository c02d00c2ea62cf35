import {
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  validateHostHeader,
  validateOriginHeader,
} from '@modelcontextprotocol/server';
import type { McpConfig } from '../../config/schema/index.ts';
import { GatewayError } from '../../errors/gateway-error.ts';
import { isLoopback } from '../../lib/loopback.ts';

/**
 * Refuses requests that a web page sends to a name which it has bent to this address (DNS rebinding). The checks are
 * the package's; which names are good comes from the config.
 */
export class Origins {
  readonly #hosts: string[] | undefined;
  readonly #origins: string[];

  /** @param listen the address of the public listener, host:port */
  constructor({ hosts, origins }: Pick<McpConfig, 'hosts' | 'origins'>, listen: string) {
    const bound = listen.slice(0, listen.lastIndexOf(':')).replace(/^\[|\]$/g, '');
    this.#hosts = hosts ?? (isLoopback(bound) ? localhostAllowedHostnames() : undefined);
    this.#origins = [...localhostAllowedOrigins(), ...origins];
  }

  /** @throws GatewayError 403 */
  check({ host, origin }: { host?: string | undefined; origin?: string | undefined }): void {
    if (this.#hosts && !validateHostHeader(host, this.#hosts).ok)
      throw new GatewayError('mcp_origin_refused');
    if (!validateOriginHeader(origin, this.#origins).ok) throw new GatewayError('mcp_origin_refused');
  }
}
