import type { FunctionComponent } from 'preact';
import type { Location } from '../lib/router.ts';
import { Config } from './config.tsx';
import { Money } from './money.tsx';
import type { ViewId } from './names.ts';
import { Traffic } from './traffic.tsx';

/** What each view shows. */
export const COMPONENTS: Readonly<Record<ViewId, FunctionComponent<{ location: Location }>>> = {
  now: Traffic,
  config: Config,
  money: Money,
};
