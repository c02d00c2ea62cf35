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

/** Characters of lines that go out together. Each write is handed to another thread, which costs as much as some lines. */
const TOGETHER = 60 * 1024;
const FLUSH_EVERY_MS = 250;
/** Bytes that wait for whoever reads the log. Beyond it lines are dropped: a full pipe must not fill memory. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024;
/** How long the last lines may take at the end. */
const CLOSE_WITHIN_MS = 3_000;

/**
 * The log of the process. Lines wait for each other until they are many or a quarter of a second old: a system call a
 * request is what makes loggers dear (measured: 18 µs a line against 8). They wait here and not in sonic-boom, which
 * counts the bytes of all that waits with each line.
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
    maxLength: MOST_WAITING_BYTES,
    // Of texts sonic-boom counts the bytes twice, and makes bytes of them once more behind a write.
    contentMode: 'buffer',
    // Each piece goes out by itself: of joined ones sonic-boom loses count at the end of the process where a write has failed.
    maxWrite: 1,
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
  const lines: string[] = [];
  let length = 0;
  let isClosed = false;
  const writeOut = (): void => {
    if (lines.length === 0) return;
    (sink as unknown as Bytes).write(Buffer.from(lines.join('')));
    lines.length = 0;
    length = 0;
  };
  const write = (line: string): void => {
    // Whoever ends after the log is heard by nobody, and does not fail by it.
    if (isClosed) return;
    lines.push(line);
    length += line.length;
    if (length >= TOGETHER) writeOut();
  };
  const timer = setInterval(writeOut, FLUSH_EVERY_MS);
  timer.unref();
  // Before pino's own listener, which writes out what sonic-boom has.
  process.prependListener('exit', writeOut);
  return {
    logger: pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, { write }),
    writeLine: (line) => write(`${line}\n`),
    close: async () => {
      clearInterval(timer);
      process.off('exit', writeOut);
      writeOut();
      isClosed = true;
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
    },
  };
}

/** What sonic-boom takes in place of texts, which its types do not say. */
interface Bytes {
  write(bytes: Buffer): boolean;
}

const formatters = { level: (label: string) => ({ level: label }) };
