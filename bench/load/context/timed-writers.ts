export const WRITERS = 16;
export const TURNS = 50;

/** 800 turns that 16 writers wrote to one session. */
export interface Written {
  readonly method: string;
  readonly perSecond: number;
  readonly lost: number;
  readonly doubled: number;
}

/** What a turn says. */
export const CONTENT = 'x'.repeat(300);

/** @param read the ids of the turns that are there at the end */
export async function timed(
  method: string,
  turns: number,
  write: (writer: number, turn: number) => Promise<void>,
  read: () => Promise<readonly string[]>,
): Promise<Written> {
  const began = performance.now();
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      for (let turn = 0; turn < turns; turn++) await write(writer, turn);
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  const found = await read();
  const unlike = new Set(found).size;
  const all = WRITERS * turns;
  return { method, perSecond: all / seconds, lost: all - unlike, doubled: found.length - unlike };
}
