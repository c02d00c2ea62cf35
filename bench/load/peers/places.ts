import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { npmVersion, pipVersion, versionSaid } from './versions.ts';

/** Where peers are installed: outside the repository, since `npm ci` empties `node_modules`. */
const PEERS = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'hypercare-bench');

/**
 * With the server of Hono that it asks for itself, which takes the newest (1.19), it answers every stream with 500 (`immutable`
 * headers); with this one it streams.
 */
export const PORTKEY = { version: '1.15.2', honoServer: '1.13.8', home: `${PEERS}/portkey` };
export const PORTKEY_SERVER = `${PORTKEY.home}/node_modules/@portkey-ai/gateway/build/start-server.js`;

/** As they are installed, in words. */
export const portkeyVersion = (): string =>
  versionSaid(npmVersion(PORTKEY.home, '@portkey-ai/gateway'), PORTKEY.version);
export const honoServerVersion = (): string =>
  versionSaid(npmVersion(PORTKEY.home, '@hono/node-server'), PORTKEY.honoServer);

/** The newest of those tried whose extra `proxy` the registry could resolve: 1.109.3 and 1.110.2 ask for what it has not. */
export const LITELLM = { version: '1.93.0', home: `${PEERS}/litellm` };
export const LITELLM_SERVER = `${LITELLM.home}/bin/litellm`;

/** As it is installed, in words. */
export const litellmVersion = (): string => versionSaid(pipVersion(LITELLM.home, 'litellm'), LITELLM.version);

/** Bifrost's HTTP transport; its Go module can't be built alone and its npm package downloads a binary. */
export const BIFROST_SERVER = process.env.BIFROST_BIN ?? `${PEERS}/bifrost/bifrost-http`;

/** Why a peer can't be measured here; null if it can. */
export const absent = (server: string, hint: string): string | null =>
  existsSync(server) ? null : `not installed: ${hint}`;
