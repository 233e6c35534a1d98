// Short messages in a corner. They stay until they are read: good news goes by itself, bad news does not.

import { el } from './dom.js';
import { t } from './words.js';

const STAY_MS = 6000;
const AT_ONCE_MAX = 4;
/** @type {HTMLElement | null} */
let place = null;

/**
 * @param {string} text
 * @param {'good' | 'bad' | 'info'} [kind]
 * @param {string[]} [hints]
 */
export function toast(text, kind = 'info', hints = []) {
    if (place === null) {
        place = el('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
        document.body.append(place);
    }
    const sign = { good: '✓', bad: '✗', info: 'i' }[kind];
    const close = () => one.remove();
    const one = el(
        'div',
        { class: `toast toast-${kind}` },
        el('b', { class: kind === 'info' ? '' : kind, 'aria-hidden': 'true' }, sign),
        el(
            'div',
            null,
            text,
            hints.map((hint) => el('div', { class: 'muted' }, hint)),
        ),
        el('button', { class: 'btn', type: 'button', 'aria-label': t('shell.close'), on: { click: close } }, '×'),
    );
    place.append(one);
    while (place.children.length > AT_ONCE_MAX) place.firstElementChild?.remove();
    if (kind !== 'bad') setTimeout(close, STAY_MS);
}

/**
 * What went wrong with a request, with what to do about it.
 * @param {any} error an ApiError, or anything else that was thrown
 */
export function toastError(error) {
    if (error?.status === 401) {
        toast(t('shell.needs_token'), 'bad', [t('shell.needs_token_hint')]);
    } else if (error?.code === 'gone') {
        toast(t('shell.lost'), 'bad');
    } else {
        toast(
            error?.code ? `SIMLB-${error.code}  ${error.message}` : String(error?.message ?? error),
            'bad',
            error?.hints,
        );
    }
}
