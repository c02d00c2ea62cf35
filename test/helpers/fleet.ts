import { onTestFinished } from 'vitest';
import type { StateChange } from '../../src/contracts/state-change.ts';
import { AddressRules } from '../../src/lib/address-rules.ts';
import { Fleet, type FleetPorts } from '../../src/upstream/fleet.ts';

/** A fleet without a gateway, gone when the test is over, and what it told. */
export function testFleet(ports: Partial<FleetPorts> = {}): Fleet & { changes: StateChange[] } {
  const changes: StateChange[] = [];
  const fleet = new Fleet({
    onChange: (change) => changes.push(change),
    onResolveFailure: () => undefined,
    rules: new AddressRules({ allow: [], deny: [] }),
    ...ports,
  });
  onTestFinished(() => fleet.destroy());
  return Object.assign(fleet, { changes });
}
