// The last errors before the moment that is shown, and who made them.

/** @import {Failure, Tale} from './tale.js' */
import { el, replace, setText } from '../dom.js';
import { t } from '../words.js';
import { clock } from './format.js';
import { lastIndex } from './moment.js';

const SHOWN = 40;

export function createFailures() {
    const count = el('span', { class: 'number bad' });
    const list = el('ol', { class: 'scenarios-failures', tabindex: '0', 'aria-label': t('scenarios.failures.title') });
    const root = el(
        'section',
        { class: 'panel scenarios-errors', 'aria-label': t('scenarios.failures.title') },
        el('h2', null, t('scenarios.failures.title'), ' ', count),
        list,
    );
    let shown = '';

    return {
        root,
        /** @param {Tale} tale @param {number} at */
        update(tale, at) {
            const last = lastIndex(tale.failures, at);
            const key = `${last}`;
            if (key === shown) return;
            shown = key;
            setText(count, last < 0 ? '' : String(last + 1));
            const found = tale.failures.slice(Math.max(0, last + 1 - SHOWN), last + 1).reverse();
            replace(
                list,
                found.length === 0
                    ? el('li', { class: 'muted' }, t('scenarios.failures.none'))
                    : found.map((failure) => row(failure, tale.startAt ?? 0)),
            );
        },
    };
}

/** @param {Failure} failure @param {number} origin */
function row(failure, origin) {
    const where = [failure.method, failure.path].filter(Boolean).join(' ');
    return el(
        'li',
        { title: failure.failure ?? '' },
        el('span', { class: 'muted number' }, clock(failure.at - origin)),
        el('b', { class: 'bad number' }, failure.code),
        el('span', null, t(`scenarios.failures.${failure.made}`)),
        el('span', { class: 'muted scenarios-cut' }, failure.target === null ? where : `${failure.target} ${where}`),
    );
}
