import type { FunctionComponent } from 'preact';
import type { Location } from '../lib/router.ts';
import { Config } from './config.tsx';
import { Feedback } from './feedback.tsx';
import { Findings } from './findings.tsx';
import { Money } from './money.tsx';
import type { ViewId } from './names.ts';
import { Now } from './now.tsx';
import { Requests } from './requests.tsx';
import { Sessions } from './sessions.tsx';
import { Upstreams } from './upstreams.tsx';
import { WayOut } from './way-out.tsx';

/** What each view shows. */
export const COMPONENTS: Readonly<Record<ViewId, FunctionComponent<{ location: Location }>>> = {
  now: Now,
  findings: Findings,
  requests: Requests,
  sessions: Sessions,
  upstreams: Upstreams,
  config: Config,
  money: Money,
  feedback: Feedback,
  exit: WayOut,
};
