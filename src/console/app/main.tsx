import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import { render } from 'preact';
import { listenToKeys } from './lib/keys.ts';
import { applyTheme, readTheme } from './lib/theme.ts';
import { applyZone, readZone } from './lib/zone.ts';
import { Shell } from './shell.tsx';

applyTheme(readTheme());
applyZone(readZone());
listenToKeys();
render(<Shell />, document.getElementById('app') as HTMLElement);
