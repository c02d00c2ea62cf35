import type { Exchange } from '../../src/contracts/exchange.ts';
import type { PolicyDescriptor, PolicyReply, Verdict } from '../../src/contracts/policy.ts';
import type { LimitState } from '../../src/contracts/store.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import { type PolicyLimit, policyFieldOf, policyLimits } from './limits.ts';
import { Settings, settingsProblem } from './settings.ts';

const seconds = (milliseconds: number): number => Math.max(1, Math.ceil(milliseconds / 1000));

/** Another policy of the same kind may have said its part already: both fields are lists. */
function append(reply: PolicyReply, header: string, value: string): void {
  const before = reply.getHeader(header);
  reply.header(header, before === undefined ? value : `${before}, ${value}`);
}

const rateLimit: PolicyDescriptor<Settings> = {
  name: 'rate-limit',
  slot: 'limit',
  schema: Settings,
  check: settingsProblem,
  create(settings, ports) {
    const limits = policyLimits(settings);
    // No route's name has the sign.
    const scope = settings.scope === undefined ? `rate:${ports.route}` : `rate:@${settings.scope}`;
    const policyField = policyFieldOf(limits);

    function judge(states: readonly LimitState[], exchange: Exchange, reply: PolicyReply): Verdict {
      let field = '';
      let wait = 0;
      let refusing: PolicyLimit | undefined;
      for (let i = 0; i < limits.length; i++) {
        const limit = limits[i] as PolicyLimit;
        const state = states[i] as LimitState;
        field += `${i === 0 ? '' : ', '}"${limit.name}";r=${state.remaining};t=${seconds(limit.resetMs(state, exchange))}`;
        if (state.forgot) failOpen(new Error(`${limit.name}: more keys than are held, one starts anew`));
        const mine = limit.waitMs(state, exchange);
        if (mine <= wait) continue;
        wait = mine;
        refusing = limit;
      }
      append(reply, 'ratelimit-policy', policyField(exchange));
      append(reply, 'ratelimit', field);
      if (refusing === undefined) return undefined;
      return new GatewayError('rate_limited', {
        headers: { 'retry-after': String(seconds(wait)) },
        cause: `${refusing.name}: ${refusing.text}`,
      });
    }

    function failOpen(error: unknown): undefined {
      ports.degraded('fail_open', error as Error);
    }

    return {
      onRequest(exchange, request, reply) {
        try {
          const states = ports.counters.take(
            scope,
            limits.map((limit) => limit.of(exchange, request)),
            1,
          );
          return states instanceof Promise
            ? states.then((known) => judge(known, exchange, reply), failOpen)
            : judge(states, exchange, reply);
        } catch (error) {
          return failOpen(error);
        }
      },
    };
  },
};

export default rateLimit;
