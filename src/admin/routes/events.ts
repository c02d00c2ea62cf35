import { Type } from 'typebox';
import { GatewayError } from '../../errors/gateway-error.ts';
import { randomHex } from '../../lib/request-id.ts';
import type { RecordedChange } from '../../record/changes.ts';
import { EventStream } from '../event-stream.ts';
import type { AdminApp, AdminPorts } from '../ports.ts';
import { shownFinding } from './findings.ts';

/** Streams open at once. A console has one a window. */
const MAX_STREAMS = 100;

/** What happens, as it happens. */
export function eventRoutes(app: AdminApp, { changes, care }: Pick<AdminPorts, 'changes' | 'care'>): void {
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
        summary: 'Changes of state (`change`) and findings (`finding`) as they happen, as an event stream',
        description:
          'With Last-Event-ID it begins with the changes of state that came after that event, as far as they are still known; for findings read the list.',
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
      let lastId = request.headers['last-event-id'] ?? `${epoch}-0`;
      const send = (change: RecordedChange): void => {
        lastId = idOf(change);
        stream.send('change', lastId, change);
      };
      const onClose = (): void => {
        open--;
        unlisten();
        unfollow();
      };
      const stream = new EventStream(raw, onClose, () => request.isStillKnown());
      for (const change of missed(request.headers['last-event-id'])) send(change);
      const unlisten = changes.listen(send);
      const unfollow = care.book.listen((finding) => stream.send('finding', lastId, shownFinding(finding)));
    },
  );

  function missed(lastId: string | undefined): readonly RecordedChange[] {
    if (lastId === undefined) return [];
    const [of, id] = lastId.split('-');
    // An id that is none of ours is of a process before this one: all that is known came later.
    return of === epoch ? changes.recent.filter((change) => change.id > Number(id)) : changes.recent;
  }
}
