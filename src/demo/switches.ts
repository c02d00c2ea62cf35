/** The paths under `/__sandbox/`: faults shown, set and cleared while the service runs, and counts. */
import { type Call, readJsonObject, refuse, type ServiceStats } from './call.ts';
import { FaultSettingsError } from './fault-settings.ts';
import type { Faults } from './faults.ts';
import { sendJson } from './reply.ts';

/** Answers `/__sandbox/faults` (GET, PUT, DELETE) and `/__sandbox/stats` (GET); faults never strike here. */
export async function answerSwitches(call: Call, faults: Faults, stats: ServiceStats): Promise<void> {
  const asked = `${call.method} ${call.url.pathname}`;
  if (asked === 'GET /__sandbox/stats') return sendJson(call, 200, stats);
  if (asked === 'PUT /__sandbox/faults') {
    const settings = await readJsonObject(call);
    try {
      faults.set(settings);
    } catch (error) {
      if (!(error instanceof FaultSettingsError)) throw error;
      return sendJson(call, 400, { error: error.message, key: error.key });
    }
  } else if (asked === 'DELETE /__sandbox/faults') {
    faults.clear();
  } else if (asked !== 'GET /__sandbox/faults') {
    throw refuse(call, 404, `There is no ${asked}.`);
  }
  return sendJson(call, 200, faults.get());
}
