// A step's form, as in AWS's console: what to fill in, AWS's own default in orange, and what it may be.

/** @import {Store} from './store.js' */
/** @import {Field, Step} from './types.js' */

import { el, replace, setText } from '../dom.js';
import { bi, t } from '../words.js';
import { values } from './places.js';

/**
 * @param {Store} store @param {Step} step
 * @returns {{root: HTMLElement, update: () => void, complain: (field: string, text: string) => void, clear: () => void}}
 */
export function createFields(store, step) {
    const rows = (step.fields ?? []).map((field) => createRow(store, step, field));
    return {
        root: el(
            'div',
            { class: 'learn-fields' },
            rows.map(({ root }) => root),
        ),
        update: () => rows.forEach((row) => row.update()),
        complain: (id, text) => rows.find(({ field }) => field.id === id)?.complain(text),
        clear: () => rows.forEach((row) => row.complain('')),
    };
}

/** @param {Store} store @param {Step} step @param {Field} field */
function createRow(store, step, field) {
    const id = `learn-field-${field.id}`;
    const problem = el('div', { class: 'learn-problem bad', id: `${id}-problem`, role: 'status' });
    const hint = el('span', { class: 'warn', id: `${id}-hint` });
    /** @param {any} value */
    const changed = (value) => {
        setText(problem, '');
        control.mark(false);
        store.type(step.number, field.id, value);
    };
    const described = `${id}-note ${id}-hint ${id}-problem`;
    const control = createControl(store, step, field, { id, described, changed });
    const fallback = typeof field.default === 'object' ? bi(field.default) : field.default;
    const says = field.note === undefined ? '' : bi(field.note);
    const isSaid = says.includes(String(field.min)) && says.includes(String(field.max));
    const range =
        field.kind === 'number' && field.min !== undefined && !isSaid ? `${field.min}–${field.max ?? ''}` : '';
    const note = el(
        'div',
        { class: 'learn-note', id: `${id}-note` },
        fallback === undefined ? null : el('span', { class: 'accent' }, t('learn.default', { value: fallback })),
        ' ',
        range ? el('span', { class: 'muted number' }, range) : null,
        ' ',
        says ? el('span', { class: 'muted' }, says) : null,
        ' ',
        hint,
    );
    const isGroup = field.kind === 'checks';
    const label = el(
        isGroup ? 'span' : 'label',
        { class: 'learn-label', id: `${id}-label`, for: isGroup ? null : id },
        bi(field.label),
    );
    return {
        field,
        root: el(
            'div',
            { class: field.kind === 'number' ? 'learn-field learn-field-number' : 'learn-field' },
            label,
            control.root,
            el('div', null, note, problem),
        ),
        update: () => {
            control.update();
            setText(hint, objection(field, store.value(step.number, field.id)));
        },
        /** @param {string} text */
        complain: (text) => {
            setText(problem, text);
            control.mark(text !== '');
        },
    };
}

/** What AWS will refuse; asking it is allowed all the same. @param {Field} field @param {any} value */
export function objection(field, value) {
    const { min, max, pattern } = field;
    if (field.kind === 'number') {
        const isWhole = /^\d+$/.test(String(value));
        if (!isWhole) return t('learn.no_number');
        if ((min !== undefined && Number(value) < min) || (max !== undefined && Number(value) > max)) {
            return t('learn.out_of_range', { min: min ?? 0, max: max ?? '…' });
        }
    } else if (field.kind === 'text') {
        const { length } = String(value);
        if (min !== undefined && length < min) return t('learn.too_short', { min });
        if (max !== undefined && length > max) return t('learn.too_long', { max });
        if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(String(value))) return t('learn.not_allowed');
    } else if (field.kind === 'checks' && min !== undefined && value.length < min) {
        return t('learn.too_few', { min });
    }
    return '';
}

/**
 * @typedef {{id: string, described: string, changed: (value: any) => void}} Use
 * @typedef {{root: HTMLElement, update: () => void, mark: (isWrong: boolean) => void}} Control
 * @param {Store} store @param {Step} step @param {Field} field @param {Use} use
 * @returns {Control}
 */
function createControl(store, step, field, use) {
    if (field.kind === 'checks') return createChecks(store, step, field, use);
    if (field.kind === 'select') return createSelect(store, step, field, use);
    const input = el('input', {
        class: 'field',
        id: use.id,
        type: 'text',
        inputmode: field.kind === 'number' ? 'numeric' : null,
        autocomplete: 'off',
        spellcheck: 'false',
        'aria-describedby': use.described,
        on: {
            input: () => {
                const isWhole = field.kind === 'number' && /^\d{1,9}$/.test(input.value);
                use.changed(isWhole ? Number(input.value) : input.value);
            },
        },
    });
    return {
        root: input,
        update: () => {
            const value = String(store.value(step.number, field.id));
            if (document.activeElement !== input && input.value !== value) input.value = value;
        },
        mark: (isWrong) => mark(input, isWrong),
    };
}

/** @param {Store} store @param {Step} step @param {Field} field @param {Use} use @returns {Control} */
function createSelect(store, step, field, use) {
    const select = el('select', {
        class: 'field',
        id: use.id,
        'aria-describedby': use.described,
        on: { change: () => use.changed(select.value) },
    });
    let offered = '';
    return {
        root: select,
        update: () => {
            const options = offers(store, step, field);
            if (JSON.stringify(options) !== offered) {
                offered = JSON.stringify(options);
                replace(
                    select,
                    options.map(([value, label]) => el('option', { value }, label)),
                );
            }
            select.value = String(store.value(step.number, field.id));
        },
        mark: (isWrong) => mark(select, isWrong),
    };
}

/** @param {Store} store @param {Step} step @param {Field} field @param {Use} use @returns {Control} */
function createChecks(store, step, field, use) {
    const root = el('div', {
        class: 'learn-checks',
        role: 'group',
        'aria-labelledby': `${use.id}-label`,
        'aria-describedby': use.described,
    });
    /** @type {HTMLInputElement[]} */
    let boxes = [];
    let offered = '';
    const changed = () => use.changed(boxes.filter((box) => box.checked).map((box) => box.value));
    return {
        root,
        update: () => {
            const options = offers(store, step, field);
            if (JSON.stringify(options) !== offered) {
                offered = JSON.stringify(options);
                boxes = options.map(([value]) => el('input', { type: 'checkbox', value, on: { change: changed } }));
                replace(
                    root,
                    options.map(([, label], index) => el('label', { class: 'learn-check' }, boxes[index], label)),
                    options.length === 0 ? el('span', { class: 'muted' }, t('learn.nothing_to_choose')) : null,
                );
            }
            const chosen = [store.value(step.number, field.id)].flat().map(String);
            for (const box of boxes) box.checked = chosen.includes(box.value);
        },
        mark: (isWrong) => root.classList.toggle('learn-wrong', isWrong),
    };
}

/** Values and labels of what can be chosen. @param {Store} store @param {Step} step @param {Field} field @returns {[string, string][]} */
function offers(store, step, field) {
    if (field.from === undefined) {
        return (field.options ?? []).map(({ value, label }) => [value, label ? bi(label) : value]);
    }
    const scope = store.scope(step.number);
    const found = values(field.from, scope).value;
    const labels = field.labels === undefined ? [] : values(field.labels, scope).value;
    if (!Array.isArray(found)) return [];
    return found.map((value, index) => [
        String(value),
        Array.isArray(labels) ? String(labels[index] ?? value) : String(value),
    ]);
}

/** @param {HTMLElement} control @param {boolean} isWrong */
function mark(control, isWrong) {
    if (isWrong) control.setAttribute('aria-invalid', 'true');
    else control.removeAttribute('aria-invalid');
}
