import { aiDashboard } from './ai.ts';
import { contextDashboard } from './context.ts';
import { gatewayDashboard } from './gateway.ts';
import { hypercareDashboard } from './hypercare.ts';
import type { Dashboard } from './panel.ts';

/** By the name of their file in config/grafana. */
export const DASHBOARDS: Readonly<Record<string, Dashboard>> = {
  gateway: gatewayDashboard,
  ai: aiDashboard,
  context: contextDashboard,
  hypercare: hypercareDashboard,
};
