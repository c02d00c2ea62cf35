import { setTimeout as sleep } from 'node:timers/promises';
import { type DestinationStream, destination, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Where lines go: the process's log and the access log share it. A request's line comes when it has ended. */
export interface LogSink {
  readonly logger: Logger;
  /** Writes one finished line (without its newline). */
  writeLine(line: string): void;
  /** Writes out what is buffered and closes; the process may end afterwards. Never waits long for a reader that is gone. */
  close(): Promise<void>;
}

const BUFFER_BYTES = 8 * 1024;
const FLUSH_EVERY_MS = 250;
/** Bytes that wait for whoever reads the log. Beyond it lines are dropped: a full pipe must not fill memory. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;
/** How long the last lines may take at the end. */
const CLOSE_WITHIN_MS = 3_000;

/**
 * The log of the process. One line is one write to a buffer, and a buffer goes out when it is full or a quarter of a
 * second old: a system call a request is what makes loggers dear (measured: 18 µs a line against 8).
 *
 * @param level of the process's log; access-log lines are written unless it is `silent`
 * @param to a file path, 1 for standard output, or a stream (tests)
 */
export function openLog(level: string, to: string | number | DestinationStream = 1): LogSink {
  if (typeof to === 'object') {
    const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, to);
    return { logger, writeLine: (line) => to.write(`${line}\n`), close: async () => undefined };
  }
  const sink = destination({
    dest: to,
    sync: false,
    minLength: BUFFER_BYTES,
    maxLength: MOST_WAITING_BYTES,
    mkdir: true,
    // At the end of the process pino writes what is left and waits for a full pipe to be read: not for ever.
    retryEAGAIN: () => !isClosing,
  } as Parameters<typeof destination>[0]);
  let isClosing = false;
  let isReaderGone = false;
  let hasSaid = false;
  sink.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    // pino writes nothing any more from then on, and there will be no end to wait for.
    if (code === 'EPIPE') isReaderGone = true;
    // A full disk, say: the next lines are tried again. The log can't say it.
    else if (!isClosing && !hasSaid) process.stderr.write(`lines of the log are lost: ${message}\n`);
    hasSaid = true;
  });
  const timer = setInterval(() => sink.flush(), FLUSH_EVERY_MS);
  timer.unref();
  return {
    logger: pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, sink),
    writeLine: (line) => {
      sink.write(`${line}\n`);
    },
    close: async () => {
      clearInterval(timer);
      // Not flush(): one that comes while a write is under way calls back when that write is done, without what came after it.
      const written = new Promise<void>((resolve) =>
        sink.once('close', resolve).once('error', () => resolve()),
      );
      if (!isReaderGone) {
        sink.end();
        const waiting = new AbortController();
        await Promise.race([written, sleep(CLOSE_WITHIN_MS, undefined, waiting).catch(() => undefined)]);
        waiting.abort();
      }
      isClosing = true;
      sink.destroy();
      // Whoever ends after the log is heard by nobody, and does not fail by it.
      sink.write = () => true;
    },
  };
}

const formatters = { level: (label: string) => ({ level: label }) };
