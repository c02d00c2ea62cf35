import { constants, getPriority } from 'node:os';

/** Steps of niceness: a tenth of the weight of who serves. */
const PATIENCE = 10;

/** The niceness of who lets this process go first. Never below its own: to go back asks for rights. */
export const patientNiceness = (): number =>
  Math.min(constants.priority.PRIORITY_LOW, getPriority() + PATIENCE);
