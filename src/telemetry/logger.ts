import { type DestinationStream, destination, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Where lines go: the process's log and the access log share it, so that their order is the order of events. */
export interface LogSink {
  readonly logger: Logger;
  /** Writes one finished line (without its newline). */
  writeLine(line: string): void;
  /** Writes out what is buffered; the process may end afterwards. */
  flush(): void;
}

const BUFFER_BYTES = 8 * 1024;
const FLUSH_EVERY_MS = 250;

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
    return { logger, writeLine: (line) => to.write(`${line}\n`), flush: () => undefined };
  }
  const sink = destination({ dest: to, sync: false, minLength: BUFFER_BYTES, mkdir: true });
  const timer = setInterval(() => sink.flush(), FLUSH_EVERY_MS);
  timer.unref();
  return {
    logger: pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, sink),
    writeLine: (line) => {
      sink.write(`${line}\n`);
    },
    flush: () => {
      clearInterval(timer);
      try {
        sink.flushSync();
      } catch (error) {
        // A destination that never became ready (a closed pipe) has nothing that could still be saved.
        process.stderr.write(`log could not be flushed: ${String(error)}\n`);
      }
    },
  };
}

const formatters = { level: (label: string) => ({ level: label }) };
