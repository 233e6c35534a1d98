// The page: chooses what is shown by the address behind the '#', and puts the frame around it.

/** @import {Mount, Off} from './types.js' */

import { takeToken } from './api.js';
import { el, replace } from './dom.js';
import { applyTheme, createFrame } from './frame.js';
import { events, follow } from './stream.js';
import { toast, toastError } from './toast.js';
import { loadWords, onLanguage, t } from './words.js';

export { toast, toastError };

/** @type {Record<string, {name: string, load: () => Promise<{mount: Mount}>}>} */
const PAGES = {
    live: { name: 'live', load: () => import('./live/page.js') },
    learn: { name: 'learn', load: () => import('./learn/page.js') },
    scenarios: { name: 'scenarios', load: () => import('./scenarios/page.js') },
    runs: { name: 'scenarios', load: () => import('./scenarios/page.js') },
};
const FIRST = 'live';

/** @type {Off | null} */
let unmount = null;
/** Which showing is the current one: an earlier one that is still loading must not appear. */
let showing = 0;
/** @type {ReturnType<typeof createFrame> | null} */
let frame = null;

/**
 * Show another page: `go('/learn/6')`.
 * @param {string} path
 */
export function go(path) {
    location.hash = path;
}

async function show() {
    const mine = ++showing;
    const parts = location.hash.replace(/^#\/?/, '').split('/').map(decoded);
    const key = Object.hasOwn(PAGES, parts[0] ?? '') ? String(parts[0]) : FIRST;
    const page = /** @type {(typeof PAGES)[string]} */ (PAGES[key]);
    const leave = unmount;
    unmount = null;
    leave?.();
    if (frame === null) return;
    frame.setPage(page.name);
    document.title = `simlb · ${t(`shell.${page.name}`)}`;
    const root = el('div', { class: `page page-${page.name}` });
    try {
        await loadStyle(page.name);
        const { mount } = await page.load();
        if (mine !== showing) return;
        replace(frame.page, root);
        const off = await mount(root, key === page.name ? parts.slice(1) : parts);
        if (mine === showing) unmount = off;
        else off();
    } catch (error) {
        toastError(error);
        throw error;
    }
}

/** @param {string} part */
function decoded(part) {
    try {
        return decodeURIComponent(part);
    } catch {
        return part;
    }
}

/**
 * A page's own styles, before it is seen.
 * @param {string} name
 * @returns {Promise<void>}
 */
function loadStyle(name) {
    const href = `/console/css/${name}.css`;
    if (document.querySelector(`link[href="${href}"]`) !== null) return Promise.resolve();
    return new Promise((resolve, reject) => {
        const link = el('link', { rel: 'stylesheet', href });
        link.onload = () => resolve();
        link.onerror = () => reject(new Error(href));
        document.head.append(link);
    });
}

function build() {
    frame?.close();
    frame = createFrame(/** @type {HTMLElement} */ (document.getElementById('frame')));
    return show();
}

applyTheme();
// At once: whoever goes on to another page while the words are loaded would lose the code in the address.
const entering = takeToken().then(
    () => null,
    (error) => error,
);
await loadWords();
const refusal = await entering;
if (refusal !== null) toastError(refusal);
follow();
addEventListener('hashchange', show);
onLanguage(build);
events.on('restarted', build);
events.on('ended', () => toast(t('shell.ended'), 'info'));
await build();
