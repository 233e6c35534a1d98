// The styles of map and chart, for whichever page shows them.

import { el } from '../dom.js';

const HREF = '/console/css/live.css';

/** Load them, once. */
export function needStyles() {
    if (document.querySelector(`link[href="${HREF}"]`) !== null) return;
    document.head.append(el('link', { rel: 'stylesheet', href: HREF }));
}
