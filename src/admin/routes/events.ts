import { Type } from 'typebox';
import { GatewayError } from '../../errors/gateway-error.ts';
import { randomHex } from '../../lib/request-id.ts';
import type { RecordedChange } from '../../record/changes.ts';
import { EventStream } from '../event-stream.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';

/** Streams open at once. A console has one a window. */
const MAX_STREAMS = 100;

/** What happens, as it happens. */
export function eventRoutes(app: AdminApp, { changes }: Pick<AdminPorts, 'changes'>): void {
  /** Changes are numbered by the process: an id from before a restart must not be taken for one of now. */
  const epoch = randomHex(4);
  const idOf = (change: RecordedChange): string => `${epoch}-${change.id}`;
  let open = 0;

  app.get(
    '/api/events',
    {
      schema: {
        operationId: 'followEvents',
        tags: ['events'],
        summary: 'Changes of state as they happen (revisions, targets, breakers, keys), as an event stream',
        description:
          'With Last-Event-ID it begins with what came after that event, as far as it is still known.',
        headers: Type.Object({ 'last-event-id': Type.Optional(Type.String({ maxLength: 64 })) }),
        produces: ['text/event-stream'],
      },
    },
    async (request, reply) => {
      if (open >= MAX_STREAMS) {
        throw new GatewayError('overloaded', {
          detail: 'Too many event streams are open.',
          headers: { 'retry-after': '10' },
        });
      }
      open++;
      const { raw } = reply.hijack();
      raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        'content-type': 'text/event-stream; charset=utf-8',
        'x-accel-buffering': 'no',
      });
      raw.flushHeaders();
      const send = (change: RecordedChange): void => stream.send('change', idOf(change), change);
      const stream = new EventStream(raw, () => {
        open--;
        unlisten();
      });
      for (const change of missed(request.headers['last-event-id'])) send(change);
      const unlisten = changes.listen(send);
    },
  );

  function missed(lastId: string | undefined): readonly RecordedChange[] {
    if (lastId === undefined) return [];
    const [of, id] = lastId.split('-');
    // An id that is none of ours is of a process before this one: all that is known came later.
    return of === epoch ? changes.recent.filter((change) => change.id > Number(id)) : changes.recent;
  }
}
