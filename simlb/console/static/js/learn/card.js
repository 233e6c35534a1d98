// The summary at the end: what was done, what was tried, how long it took, and the money that was not spent.

/** @import {Store} from './store.js' */

import { el, replace } from '../dom.js';
import { bi, language, t } from '../words.js';

/** @param {Store} store */
export function createCard(store) {
    const content = el('div', { class: 'learn-summary-content' });
    const root = el('section', { class: 'panel learn-summary', 'aria-labelledby': 'learn-title' }, content);
    let shown = '';
    const update = () => {
        const { learn } = store;
        if (learn === null) return;
        const now = JSON.stringify([learn.steps, learn['observations_done'], learn['mistakes_tried'], learn['saved']]);
        if (now === shown) return;
        shown = now;
        const saved = learn['saved'];
        const done = learn.steps.filter(({ done_at }) => done_at !== null).length;
        replace(
            content,
            el(
                'div',
                { class: 'learn-summary-head' },
                el('h1', { id: 'learn-title', tabindex: '-1' }, t('learn.summary_title')),
                el(
                    'button',
                    { class: 'btn btn-primary', type: 'button', on: { click: () => print() } },
                    t('learn.print'),
                ),
            ),
            el('p', { class: 'muted' }, bi(store.course.title)),
            el(
                'dl',
                { class: 'learn-figures' },
                figure(t('learn.steps_done'), `${done} / ${learn.steps.length}`),
                figure(t('learn.seen'), `${learn['observations_done']} / ${learn['observations']}`),
                figure(t('learn.mistakes_tried'), `${learn['mistakes_tried']} / ${learn['mistakes']}`),
                figure(t('learn.time_spent'), duration(Number(learn['learning_s']))),
                figure(t('learn.not_spent'), dollars(Number(saved.usd))),
                figure(t('learn.if_forgotten'), t('learn.per_month', { usd: dollars(Number(saved.usd_per_month)) })),
            ),
            el('p', { class: 'muted' }, String(saved.assumption[language()] ?? '')),
            el(
                'ul',
                { class: 'learn-summary-steps' },
                store.course.steps.map((step) => stepRow(store, step)),
            ),
        );
    };
    update();
    return { root, update };
}

/** @param {Store} store @param {import('./types.js').Step} step */
function stepRow(store, step) {
    const progress = store.progress(step.number);
    const isDone = (progress?.done_at ?? null) !== null;
    const tried = (step.mistakes ?? []).filter(({ id }) => id in (progress?.mistakes ?? {}));
    return el(
        'li',
        null,
        el('b', { class: isDone ? 'good' : 'muted', 'aria-hidden': 'true' }, isDone ? '✓' : '○'),
        el(
            'div',
            null,
            el('a', { href: `#/learn/${step.number}` }, `${step.number} ${bi(step.title)}`),
            el('span', { class: 'sr-only' }, isDone ? t('learn.is_done') : t('learn.not_seen')),
            tried.length === 0
                ? null
                : el(
                      'div',
                      { class: 'muted' },
                      t('learn.tried_list', { titles: tried.map(({ title }) => bi(title)).join(' · ') }),
                  ),
        ),
    );
}

/** @param {string} name @param {string} value */
function figure(name, value) {
    return el('div', null, el('dt', { class: 'muted' }, name), el('dd', { class: 'number' }, value));
}

/** @param {number} seconds */
function duration(seconds) {
    const minutes = Math.floor(seconds / 60);
    if (minutes >= 60) return t('learn.hours', { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
    return t('learn.minutes_seconds', { minutes, seconds: Math.floor(seconds % 60) });
}

/** @param {number} amount */
function dollars(amount) {
    return `$${amount >= 1 || amount === 0 ? amount.toFixed(2) : amount.toFixed(4)}`;
}
