// What stands beside the map when something was chosen. One thing at a time; Escape puts it away, and the focus goes back.

import { el, replace } from '../dom.js';
import { t } from '../words.js';

/**
 * @param {HTMLElement} root where it stands while it is open
 * @param {() => void} onClose called after each closing
 */
export function createPanel(root, onClose) {
    /** @type {Element | null} */
    let before = null;
    /** @type {(() => void) | null} */
    let leave = null;
    const body = el('div', { class: 'live-aside-body' });
    const title = el('h2', { class: 'live-aside-title', tabindex: '-1' });
    const shut = el(
        'button',
        { class: 'btn', type: 'button', 'aria-label': t('live.panel.close'), on: { click: close } },
        '✕',
    );
    replace(root, el('header', { class: 'live-aside-head' }, title, shut), body);
    root.hidden = true;
    root.addEventListener('keydown', (event) => {
        if (event.key === 'Escape') close();
    });

    function close() {
        if (root.hidden) return;
        root.hidden = true;
        leave?.();
        leave = null;
        replace(body);
        if (before instanceof HTMLElement && before.isConnected) before.focus();
        onClose();
    }

    return {
        /**
         * @param {string} text its heading
         * @param {Node} content
         * @param {() => void} [off] called when it is put away or something else takes its place
         */
        show(text, content, off) {
            leave?.();
            leave = off ?? null;
            if (root.hidden) before = document.activeElement;
            root.hidden = false;
            replace(title, text);
            replace(body, content);
            body.scrollTop = 0;
            title.focus({ preventScroll: true });
        },
        close,
        isOpen: () => !root.hidden,
    };
}

/** @typedef {ReturnType<typeof createPanel>} Panel */
