const OK = { status: 200, body: 'ok\n' };
const NOT_READY = { status: 503, body: 'not ready\n' };

/** Whether a target is one that the gateway answers itself, on both listeners. */
export const isProbe = (target: string): boolean => target === '/livez' || target === '/readyz';

/**
 * What orchestrators ask. Alive: the process answers. Ready: it serves and is not about to stop; a store that is down
 * makes nobody unready, as every policy says itself what it does without one.
 */
export class Readiness {
  isReady = false;
  /** What is wrong and makes nobody unready, a line each: said to whoever asks `/readyz`. */
  remarks: () => readonly string[] = () => [];

  /** The answer to a probe; null if the path is none. */
  probe(path: string): { status: number; body: string } | null {
    if (!isProbe(path)) return null;
    if (path === '/livez') return OK;
    const remarks = this.remarks();
    const { status, body } = this.isReady ? OK : NOT_READY;
    return { status, body: body + remarks.map((remark) => `${remark}\n`).join('') };
  }
}
