// Code to copy, in tabs: the AWS CLI and boto3.

import { toast, toastError } from '../toast.js';
import { el, setText } from '../dom.js';
import { t } from '../words.js';

const KEPT = 'simlb.learn.tab';
let made = 0;

/**
 * @param {() => {cli: string, boto3: string}} texts
 * @param {string} label
 */
export function createCode(texts, label) {
    const id = `learn-code-${++made}`;
    const pre = el('pre', { class: 'learn-code', tabindex: '0', id, role: 'tabpanel', 'aria-label': label });
    /** @type {'cli' | 'boto3'} */
    let chosen = localStorage.getItem(KEPT) === 'boto3' ? 'boto3' : 'cli';
    const tabs = /** @type {const} */ (['cli', 'boto3']).map((kind) =>
        el(
            'button',
            {
                class: 'learn-tab',
                type: 'button',
                role: 'tab',
                'aria-controls': id,
                dataset: { kind },
                on: { click: () => choose(kind) },
            },
            t(`learn.${kind}`),
        ),
    );
    const list = el('div', { class: 'learn-tabs', role: 'tablist', 'aria-label': label, on: { keydown: walk } }, tabs);
    /** @param {KeyboardEvent} event */
    function walk(event) {
        if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
        choose(chosen === 'cli' ? 'boto3' : 'cli');
        tabs.find((tab) => tab.dataset['kind'] === chosen)?.focus();
    }
    /** @param {'cli' | 'boto3'} kind */
    function choose(kind) {
        chosen = kind;
        localStorage.setItem(KEPT, kind);
        update();
    }
    const update = () => {
        for (const tab of tabs) {
            const isChosen = tab.dataset['kind'] === chosen;
            tab.setAttribute('aria-selected', String(isChosen));
            tab.tabIndex = isChosen ? 0 : -1;
        }
        setText(pre, texts()[chosen]);
    };
    update();
    return {
        root: el(
            'div',
            { class: 'learn-codes' },
            el(
                'div',
                { class: 'learn-code-head' },
                list,
                copier(() => texts()[chosen]),
            ),
            pre,
        ),
        update,
    };
}

/** A button that copies. @param {() => string} text */
export function copier(text) {
    const copy = async () => {
        try {
            await navigator.clipboard.writeText(text());
            toast(t('learn.copied'), 'good');
        } catch (error) {
            toastError(error);
        }
    };
    return el('button', { class: 'btn', type: 'button', on: { click: () => void copy() } }, t('learn.copy'));
}

/** One command to copy, without tabs. @param {string} text */
export function commandLine(text) {
    return el(
        'div',
        { class: 'learn-line' },
        el('pre', { class: 'learn-code', tabindex: '0' }, text),
        copier(() => text),
    );
}
