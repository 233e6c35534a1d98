// The page's sentences. They stand in simlb/console/content/words, in two languages; no sentence stands in a script.

/** @import {Both} from './types.js' */

const STORED = 'simlb.language';
/** @typedef {'en' | 'ko'} Language */

/** @type {Record<string, Both>} */
let sentences = {};
/** @type {Language} */
let current = 'en';
/** @type {Set<() => void>} */
const listeners = new Set();

/** Fetch the sentences, once, and choose the language: the one chosen before, or the browser's. */
export async function loadWords() {
    const response = await fetch('/console/words.json');
    sentences = await response.json();
    const stored = localStorage.getItem(STORED);
    const wanted = stored ?? navigator.language;
    current = wanted.startsWith('ko') ? 'ko' : 'en';
    document.documentElement.lang = current;
}

/** @returns {Language} */
export function language() {
    return current;
}

/** @param {Language} wanted */
export function setLanguage(wanted) {
    if (wanted === current) return;
    current = wanted;
    localStorage.setItem(STORED, wanted);
    document.documentElement.lang = wanted;
    for (const listener of listeners) listener();
}

/**
 * Call `listener` after each change of the language.
 * @param {() => void} listener
 * @returns {() => void} takes it back
 */
export function onLanguage(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

/**
 * A sentence in the current language, its places filled: `{name}` with `values.name`. A key that is none shows itself.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
    const both = sentences[key];
    return both === undefined ? key : fill(both[current], values);
}

/** Whether there is such a sentence.
 * @param {string} key */
export function has(key) {
    return key in sentences;
}

/**
 * The current language's of a text that came with both.
 * @param {Both} both
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function bi(both, values = {}) {
    return fill(both[current], values);
}

/**
 * @param {string} text
 * @param {Record<string, string | number>} values
 */
function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place));
}
