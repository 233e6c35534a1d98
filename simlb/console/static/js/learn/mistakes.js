// Mistakes to make on purpose: done with one click, then what is seen, why, and how to tell it from others.

/** @import {Store} from './store.js' */
/** @import {Mistake, Outcome, Step} from './types.js' */

import { toastError } from '../toast.js';
import { el, replace, setText } from '../dom.js';
import { bi, t } from '../words.js';
import { createCode } from './code.js';
import { outcomeRow } from './outcomes.js';
import { Trying } from './trying.js';

/** @param {Store} store @param {Step} step */
export function createMistakes(store, step) {
    const all = (step.mistakes ?? []).map((mistake) => createMistake(store, step, mistake));
    return {
        root: el(
            'div',
            { class: 'learn-mistakes' },
            all.map(({ root }) => root),
        ),
        update: () => all.forEach((one) => one.update()),
    };
}

/** @param {Store} store @param {Step} step @param {Mistake} mistake */
function createMistake(store, step, mistake) {
    const state = el('span', { class: 'learn-tried good' });
    const outcomes = el('ul', { class: 'learn-outcomes' });
    const told = el('dl', { class: 'learn-told', hidden: true });
    const tell = (/** @type {string} */ key, /** @type {import('../types.js').Both} */ text) => [
        el('dt', null, t(key)),
        el('dd', null, bi(text)),
    ];
    replace(
        told,
        ...tell('learn.see', mistake.see),
        ...tell('learn.because', mistake.why),
        ...tell('learn.read', mistake.read),
    );
    const first = el('div', { class: 'learn-first' });
    const tryIt = el(
        'button',
        { class: 'btn btn-danger', type: 'button', on: { click: () => void begin() } },
        t('learn.try'),
    );
    const undoIt = el('button', { class: 'btn', type: 'button', on: { click: () => void undo() } }, t('learn.undo'));
    const showIt = el(
        'button',
        { class: 'btn', type: 'button', on: { click: () => (told.hidden = false) } },
        t('learn.tell_me'),
    );
    const trying = new Trying(store, step, mistake);
    const code = createCode(() => trying.typed(), t('learn.mistake_code'));

    /** @param {() => Promise<unknown>} work */
    const busy = async (work) => {
        tryIt.disabled = undoIt.disabled = true;
        try {
            await work();
        } catch (error) {
            toastError(error);
        } finally {
            tryIt.disabled = undoIt.disabled = false;
            await store.lookUp();
            await store.refresh();
        }
    };
    /** @param {Outcome} outcome */
    const show = (outcome) => outcomes.append(outcomeRow(store, outcome, true));
    const begin = () =>
        busy(async () => {
            replace(outcomes);
            told.hidden = false;
            await trying.begin(show);
        });
    const undo = () =>
        busy(async () => {
            replace(outcomes);
            await trying.undo(show);
        });
    const update = () => {
        const isTried = mistake.id in (store.progress(step.number)?.mistakes ?? {});
        setText(state, isTried ? `✓ ${t('learn.tried')}` : '');
        setText(first, untimely(store, mistake));
        if (typed.open) code.update();
        undoIt.classList.toggle('btn-primary', trying.isPending);
    };
    const typed = el(
        'details',
        { on: { toggle: () => code.update() } },
        el('summary', null, t('learn.mistake_code')),
        code.root,
    );
    update();
    const root = el(
        'details',
        { class: 'learn-mistake', dataset: { mistake: mistake.id } },
        el('summary', null, el('span', null, bi(mistake.title)), state),
        el('p', null, bi(mistake.do)),
        first,
        el('div', { class: 'learn-buttons' }, tryIt, trying.canUndo ? undoIt : null, showIt),
        outcomes,
        told,
        typed,
    );
    return { root, update };
}

/**
 * Why there would be something else to see now: a step is missing, or a later one has changed it.
 * @param {Store} store
 * @param {Mistake} mistake
 */
function untimely(store, { after, until }) {
    const isDone = (/** @type {number} */ number) => (store.progress(number)?.done_at ?? null) !== null;
    const say = (/** @type {string} */ key, /** @type {number} */ number) =>
        t(key, { number, title: bi(store.step(number).title) });
    if (after !== undefined && !isDone(after)) return say('learn.first', after);
    if (until !== undefined && isDone(until)) return say('learn.until', until);
    return '';
}
