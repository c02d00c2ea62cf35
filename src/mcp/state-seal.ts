import { EncryptJWT, jwtDecrypt } from 'jose';
import { GatewayError } from '../errors/gateway-error.ts';
import type { SharedKey } from './shared-key.ts';

/** Whom a state belongs to: another principal, server or operation can do nothing with it. */
export interface StateOwner {
  readonly server: string;
  readonly principal: string;
  /** What was asked: method, name and digest of the arguments. */
  readonly operation: string;
}

/** A state, and which round of its call it belongs to: 1 is the first that asks. */
export interface OpenedState {
  readonly state: string;
  readonly round: number;
}

/**
 * Seals the `requestState` of servers (2026-07-28, multi round trip) while it is with a client: encrypted and
 * authenticated (JWE, A256GCM), bound to its owner, and good for a time only. Any replica opens what another has sealed.
 */
export class StateSeal {
  readonly #key: SharedKey;
  readonly #now: () => number;

  /** @param now wall clock, milliseconds since the epoch */
  constructor(key: SharedKey, now: () => number) {
    this.#key = key;
    this.#now = now;
  }

  /** @param ttlMs how long it is good */
  async seal(
    { state, round }: OpenedState,
    { server, principal, operation }: StateOwner,
    { stateKey, ttlMs }: { stateKey: string | undefined; ttlMs: number },
  ): Promise<string> {
    return new EncryptJWT({ state, operation, round })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setIssuer(server)
      .setSubject(principal)
      .setExpirationTime(Math.ceil((this.#now() + ttlMs) / 1000))
      .encrypt(await this.#key.get(stateKey));
  }

  /** @throws GatewayError `mcp_state_invalid`: it is none of ours, another's, or too old */
  async open(
    sealed: unknown,
    { server, principal, operation }: StateOwner,
    stateKey: string | undefined,
  ): Promise<OpenedState> {
    if (typeof sealed !== 'string') throw new GatewayError('mcp_state_invalid');
    const key = await this.#key.get(stateKey);
    try {
      const { payload } = await jwtDecrypt(sealed, key, {
        issuer: server,
        subject: principal,
        requiredClaims: ['exp', 'state'],
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        currentDate: new Date(this.#now()),
      });
      const { state, round } = payload;
      if (payload.operation !== operation || typeof state !== 'string' || typeof round !== 'number')
        throw new Error('it belongs to another operation');
      return { state, round };
    } catch (cause) {
      throw new GatewayError('mcp_state_invalid', { cause });
    }
  }
}
