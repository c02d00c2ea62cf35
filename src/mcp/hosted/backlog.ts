/** Characters that wait for a client which does not read them. */
const MOST = 4_194_304;

/**
 * What has been said to a client beside its answers and not been read. The package keeps all of it for as long as the client
 * likes, and a server may say more than anybody reads: progress and log that there is no room for are left out.
 */
export class Backlog {
  #waiting = 0;

  /** Whether there is room for one more message; then it is counted in. */
  takes(message: object): boolean {
    if (this.#waiting > MOST) return false;
    this.#waiting += JSON.stringify(message).length;
    return true;
  }

  /** An answer whose reading is counted. */
  counted(answer: Response): Response {
    if (answer.body === null) return answer;
    const count = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        this.#waiting = Math.max(0, this.#waiting - chunk.length);
        controller.enqueue(chunk);
      },
    });
    return new Response(answer.body.pipeThrough(count), answer);
  }
}
