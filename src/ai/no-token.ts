import { GatewayError } from '../errors/gateway-error.ts';

/** There was no access token for a provider's account: the provider was not asked. */
export class NoToken extends GatewayError {
  /** 401 where the account was refused one; 0 = who gives them could not be asked, or gave none: that says nothing of the account. */
  readonly status: 401 | 0;

  /** @param cause for the log */
  constructor(cause: unknown, isRefused: boolean) {
    super('provider_auth_failed', { cause });
    this.status = isRefused ? 401 : 0;
  }
}
