#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node --max-semi-space-size=16 --heap-growing-percent=50
import { runCli } from './cli/index.ts';

process.exitCode = await runCli(process.argv);
