// Scenarios: the shelf, one of them before it is played, or a run.

/** @import {Off} from '../types.js' */
import { ApiError } from '../api.js';
import { el, replace } from '../dom.js';
import { t } from '../words.js';
import { mountScenario } from './detail.js';
import { mountRun } from './run.js';
import { mountShelf } from './shelf.js';

/**
 * @param {HTMLElement} root
 * @param {string[]} params none: the shelf; an id: that scenario; `runs` and an id: that run
 * @returns {Promise<Off>}
 */
export async function mount(root, [first, second]) {
    try {
        if (first === 'runs' && second) return await mountRun(root, second);
        return await (first && first !== 'runs' ? mountScenario(root, first) : mountShelf(root));
    } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        // A run that is not kept any more, an address that somebody mistyped.
        const said = error.code === '' ? error.message : `${error.message} (SIMLB-${error.code})`;
        replace(
            root,
            el(
                'div',
                { class: 'empty', role: 'alert' },
                el('h1', null, said),
                error.hints.map((hint) => el('p', null, hint)),
                el('a', { class: 'btn', href: '#/scenarios' }, t('scenarios.back')),
            ),
        );
        return () => {};
    }
}
