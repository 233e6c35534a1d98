// The steps on the left: by part, with what is done of each.

/** @import {Store} from './store.js' */
/** @import {Step} from './types.js' */

import { el, setText } from '../dom.js';
import { bi, t } from '../words.js';

/**
 * @param {Store} store
 * @param {number | null} current the step that is shown; null for the summary
 * @param {() => void} onReset
 */
export function createSteps(store, current, onReset) {
    const rows = store.course.steps.map((step) => createRow(step, step.number === current));
    const bar = el('progress', { class: 'learn-bar', max: '1', 'aria-label': t('learn.progress') });
    const seen = el('span', { class: 'number' });
    const tried = el('span', { class: 'number muted' });
    const root = el(
        'nav',
        { class: 'panel learn-steps', 'aria-label': t('learn.steps') },
        el('h2', { class: 'learn-course' }, bi(store.course.title)),
        el('div', { class: 'learn-progress' }, bar, seen, tried),
        el(
            'div',
            { class: 'learn-parts' },
            store.course.parts.map((part) => {
                const those = rows.filter(({ step }) => step.part === part.id);
                return el(
                    'section',
                    null,
                    el('h3', { class: 'learn-part muted' }, bi(part.title)),
                    el(
                        'ol',
                        null,
                        those.map(({ row }) => row),
                    ),
                );
            }),
        ),
        el(
            'div',
            { class: 'learn-steps-end' },
            el(
                'a',
                { class: 'btn', href: '#/learn/summary', 'aria-current': current === null ? 'page' : null },
                t('learn.summary'),
            ),
            el('button', { class: 'btn', type: 'button', on: { click: onReset } }, t('learn.reset')),
        ),
    );
    const update = () => {
        const { learn } = store;
        const all = learn?.['observations'] ?? 0;
        const done = learn?.['observations_done'] ?? 0;
        bar.value = all === 0 ? 0 : done / all;
        setText(seen, t('learn.seen_of', { done, all }));
        setText(tried, t('learn.tried_of', { done: learn?.['mistakes_tried'] ?? 0, all: learn?.['mistakes'] ?? 0 }));
        for (const row of rows) row.update(store);
    };
    update();
    // Far down the list the current step would be out of sight.
    requestAnimationFrame(() => {
        const here = /** @type {HTMLElement | null} */ (root.querySelector('li [aria-current]'));
        if (here !== null) root.scrollTop = here.offsetTop - root.clientHeight / 2;
    });
    return { root, update };
}

/** @param {Step} step @param {boolean} isCurrent */
function createRow(step, isCurrent) {
    const badge = el('span', { class: 'learn-badge', 'aria-hidden': 'true' });
    const state = el('span', { class: 'sr-only' });
    const count = el('span', { class: 'learn-count number muted', 'aria-hidden': 'true' });
    const link = el(
        'a',
        { href: `#/learn/${step.number}`, 'aria-current': isCurrent ? 'step' : null },
        badge,
        el('span', { class: 'learn-step-title' }, bi(step.title)),
        state,
        count,
    );
    /** @param {Store} store */
    const update = (store) => {
        const progress = store.progress(step.number);
        const all = step.observe?.length ?? 0;
        const done = Object.keys(progress?.ticks ?? {}).length;
        const isDone = (progress?.done_at ?? null) !== null;
        link.dataset['state'] = isDone ? 'done' : done > 0 ? 'begun' : 'open';
        setText(badge, isDone ? '✓' : String(step.number));
        setText(state, isDone ? t('learn.is_done') : t('learn.seen_of', { done, all }));
        setText(count, isDone || done === 0 ? '' : `${done}/${all}`);
    };
    return { step, row: el('li', null, link), update };
}
