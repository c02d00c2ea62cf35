/** Milliseconds of the processor that `work` takes in this thread: what others take of a busy machine is not in it. */
export function cpuMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
