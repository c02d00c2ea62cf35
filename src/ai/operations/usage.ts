import type { Operation, OperationUsage, Sent } from '../../contracts/format.ts';
import type { JsonObject } from '../../contracts/model-request.ts';

/** What is told by the sound of a request alone is read where its answer says nothing of it. */
export const operationUsage = (format: Operation, body: JsonObject, sent: Sent): OperationUsage => ({
  atMost: () => format.usageAtMost(body, sent.bytes.length),
  otherwise: (told) => format.usageOf(body, sent, told),
  completed: (reported, told) => format.completed?.(reported, body, sent, told),
  isUnknowable: () => format.isUnknowable?.(body, sent) ?? false,
});
