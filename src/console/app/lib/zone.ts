/** In which times are shown. */
export type Zone = 'utc' | 'local';

const KEY = 'hypercare.zone';

export const readZone = (): Zone => (localStorage.getItem(KEY) === 'local' ? 'local' : 'utc');

/** Each time is in the page in both; styles show one of them. */
export function applyZone(zone: Zone): void {
  localStorage.setItem(KEY, zone);
  document.documentElement.dataset.zone = zone;
}
