// A thread of the exam: it is given one run after the other.
import { parentPort } from 'node:worker_threads';
import { examine, type Job } from './examine.ts';

parentPort?.on('message', (job: Job) => parentPort?.postMessage(examine(job)));
