// Keys of the page. Where somebody writes they are letters, and a button keeps its space bar.

/** @import {Off} from '../types.js' */

/**
 * @typedef {{pause: () => void, kill: () => void, restore: () => void, choose: (digit: number) => void, full: () => void,
 *   help: () => void, load: () => void, find: () => void, close: () => void, problems: () => void}} Keys
 */

/** @param {Keys} keys @returns {Off} */
export function listenToKeys(keys) {
    /** @type {Record<string, () => void>} */
    const table = {
        ' ': keys.pause,
        k: keys.kill,
        r: keys.restore,
        f: keys.full,
        l: keys.load,
        p: keys.problems,
        '?': keys.help,
        '/': keys.find,
        Escape: keys.close,
    };
    /** @param {KeyboardEvent} event */
    const hear = (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        const place = event.target instanceof Element ? event.target : document.body;
        if (place.closest('input, select, textarea, [contenteditable]') !== null) return;
        if ((event.key === ' ' || event.key === 'Enter') && place.closest('button, a, summary') !== null) return;
        const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
        // Korean keyboards send jamo while Hangul is on: the key itself says which it is.
        const letter = /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : key;
        const digit = /^[1-9]$/.test(key) ? Number(key) : 0;
        const action = digit > 0 ? () => keys.choose(digit) : (table[key] ?? table[letter]);
        if (action === undefined) return;
        event.preventDefault();
        action();
    };
    document.addEventListener('keydown', hear);
    return () => document.removeEventListener('keydown', hear);
}
