// The middle of the page: why, the form, what it means in seconds, and the button that makes the calls.

/** @import {Store} from './store.js' */
/** @import {Outcome, Step} from './types.js' */

import { toastError } from '../toast.js';
import { el, replace, setText } from '../dom.js';
import { bi, t } from '../words.js';
import { createAttributes } from './attributes.js';
import { derived, spoken } from './calculator.js';
import { commandLine } from './code.js';
import { createFields } from './fields.js';
import { blamed, outcomeRow, whoMakes } from './outcomes.js';
import { missing, run } from './run.js';

/**
 * @param {Store} store @param {Step} step
 * @param {{isAdvanced: boolean}} options
 */
export function createStep(store, step, { isAdvanced }) {
    const fields = createFields(store, step);
    const times = createTimes(store, step);
    const attributes = createAttributes(store, step, isAdvanced);
    const outcomes = el('ul', { class: 'learn-outcomes' });
    const needed = el('div', { class: 'learn-needed' });
    const there = el('div', { class: 'learn-there good' });
    const button = el(
        'button',
        { class: 'btn btn-primary learn-do', type: 'button', on: { click: () => void begin() } },
        bi(step.button),
    );
    const following = store.course.steps.find(({ number }) => number === step.number + 1);
    const forth = el(
        'div',
        { class: 'learn-forth', hidden: true },
        el('span', { class: 'good' }, `✓ ${t('learn.all_seen')}`),
        el(
            'a',
            { class: 'btn', href: `#/learn/${following?.number ?? 'summary'}` },
            `${following ? bi(following.title) : t('learn.summary')} →`,
        ),
    );
    const part = store.course.parts.find((one) => one.id === step.part);

    async function begin() {
        button.disabled = true;
        fields.clear();
        replace(outcomes);
        try {
            await run(store, step.number, step.calls ?? [], show);
            await store.lookUp();
            await store.refresh();
        } catch (error) {
            toastError(error);
        } finally {
            button.disabled = false;
        }
    }
    /** @param {Outcome} outcome */
    function show(outcome) {
        const row = outcomeRow(store, outcome);
        outcomes.append(row);
        row.scrollIntoView({ block: 'nearest' });
        const { call, code, message } = outcome;
        if (code === undefined || message === undefined || outcome.kind === 'expected') return;
        const field = blamed(step, call, message, (id) => store.value(step.number, id));
        if (field !== undefined) fields.complain(field, `${code}: ${message}`);
    }
    const update = () => {
        fields.update();
        times.update();
        attributes.update();
        const names = missing(store, step.number, step.calls ?? []);
        const makers = new Map(names.map((name) => [store.makerOf(name)?.number ?? name, name]));
        const shown = [...makers.values()].join(' ');
        if (needed.dataset['shown'] !== shown) {
            needed.dataset['shown'] = shown;
            replace(
                needed,
                [...makers.values()].map((name) =>
                    el('div', null, el('span', { class: 'warn', 'aria-hidden': 'true' }, '⚠ '), whoMakes(store, name)),
                ),
            );
        }
        forth.hidden = (store.progress(step.number)?.done_at ?? null) === null;
        setText(there, isThere(store, step) ? `✓ ${t('learn.already_there')}` : '');
    };
    update();
    const root = el(
        'section',
        { class: 'panel learn-step', 'aria-labelledby': 'learn-title' },
        el(
            'div',
            { class: 'learn-crumb muted' },
            `${step.number} / ${store.course.steps.length - 1} · ${part ? bi(part.title) : ''} · ${t('learn.minutes', { minutes: step.minutes })}`,
        ),
        el('h1', { id: 'learn-title', tabindex: '-1' }, bi(step.title)),
        el('p', { class: 'learn-why' }, bi(step.why)),
        needed,
        there,
        step.edit === undefined ? null : editOf(store, step.edit),
        el('div', { class: 'learn-form' }, times.root, fields.root),
        waitsOf(store, step),
        el('div', { class: 'learn-do-row' }, step.calls?.length ? button : null, forth),
        el('div', { role: 'status', 'aria-label': t('learn.answers') }, outcomes),
        attributes.root,
    );
    return { root, update };
}

/** Whether what this step makes is there already, by whomever. @param {Store} store @param {Step} step */
function isThere(store, step) {
    const names = (step.calls ?? [])
        .filter(({ operation }) => /^(Create|Request)/.test(operation))
        .flatMap(({ save }) => Object.keys(save ?? {}))
        .filter((name) => name in store.course.lookups);
    return names.length > 0 && names.every((name) => store.saved[name] !== undefined);
}

/** What takes time on AWS, and how long it takes here. @param {Store} store @param {Step} step */
function waitsOf(store, step) {
    // A calculator says it of the very numbers that are typed.
    if (step.waits === undefined || step.waits.length === 0 || step.calculator !== undefined) return null;
    return el(
        'ul',
        { class: 'learn-waits' },
        step.waits.map(({ text, from_s, to_s }) =>
            el(
                'li',
                null,
                bi(text),
                ' ',
                el('b', { class: 'number' }, spoken([from_s, to_s])),
                ' ',
                store.speed === 1
                    ? null
                    : el(
                          'span',
                          { class: 'good number' },
                          t('learn.here', { span: spoken([from_s, to_s], store.speed) }),
                      ),
            ),
        ),
    );
}

/** The three times that the numbers of a health check mean, as they are typed. @param {Store} store @param {Step} step */
function createTimes(store, step) {
    const names = step.calculator ?? {};
    if (Object.keys(names).length < 4) return { root: null, update: () => {} };
    const cards = /** @type {const} */ (['refused', 'hang', 'back']).map((kind) => {
        const real = el('b', { class: 'learn-time mono number' });
        const here = el('div', { class: 'good number' });
        return {
            kind,
            real,
            here,
            root: el(
                'div',
                { class: 'learn-card' },
                real,
                el('div', { class: 'muted' }, t(`learn.time_${kind}`)),
                here,
            ),
        };
    });
    const update = () => {
        const read = (/** @type {string | undefined} */ id) => Number(store.value(step.number, id ?? ''));
        const check = {
            interval_s: read(names.interval_s),
            timeout_s: read(names.timeout_s),
            unhealthy: read(names.unhealthy),
            healthy: read(names.healthy),
        };
        const isWhole = Object.values(check).every((value) => Number.isInteger(value) && value > 0);
        const times = derived(check);
        for (const { kind, real, here } of cards) {
            setText(real, isWhole ? spoken(times[kind]) : '–');
            const { speed } = store;
            setText(here, isWhole && speed !== 1 ? t('learn.here', { span: spoken(times[kind], speed) }) : '');
        }
    };
    update();
    return {
        root: el(
            'div',
            { class: 'learn-times' },
            cards.map(({ root }) => root),
        ),
        update,
    };
}

/** The learner's own program, and what to add to it. @param {Store} store @param {NonNullable<Step['edit']>} edit */
function editOf(store, edit) {
    const file = store.learn?.file ?? null;
    return el(
        'div',
        { class: 'learn-edit' },
        el('p', null, bi(edit.text)),
        file === null ? el('p', { class: 'warn' }, t('learn.no_file')) : commandLine(file),
        commandLine(edit.lines),
        el('p', { class: 'muted' }, bi(edit.meaning)),
        (edit.elsewhere ?? []).map(({ language, text }) =>
            el('details', null, el('summary', null, t('learn.in_language', { language })), commandLine(text)),
        ),
    );
}
