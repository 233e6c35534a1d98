// The right of the page: the same as commands, what to observe, where to look, mistakes, and what comes next.

/** @import {Store} from './store.js' */
/** @import {Step} from './types.js' */

import { el, replace, setText } from '../dom.js';
import { bi, t } from '../words.js';
import { shellWord } from './cli.js';
import { commandLine, createCode } from './code.js';
import { curlArguments, places } from './links.js';
import { createMistakes } from './mistakes.js';
import { values } from './places.js';
import { script } from './script.js';

/** @param {Store} store @param {Step} step */
export function createSide(store, step) {
    const code = createCode(
        () => script(store, step.number, [...(step.prepare ?? []), ...(step.calls ?? [])]),
        t('learn.same'),
    );
    const observe = createObservations(store, step);
    const mistakes = createMistakes(store, step);
    const isOpened = (step.calls ?? []).some(({ operation }) => ['Request', 'CreateListener'].includes(operation));
    const open = isOpened ? createPlaces(store, step) : { root: null, update: () => {} };
    const next = store.course.steps.find(({ number }) => number === step.number + 1);
    const root = el(
        'aside',
        { class: 'panel learn-side', 'aria-label': t('learn.beside') },
        el('h2', null, t('learn.same')),
        code.root,
        el('h2', null, t('learn.observe')),
        observe.root,
        open.root,
        mistakes.root.childElementCount > 0 ? el('h2', null, t('learn.mistakes')) : null,
        mistakes.root,
        el(
            'div',
            { class: 'learn-next' },
            el('p', { class: 'muted' }, bi(step.next)),
            el(
                'a',
                { class: 'btn btn-primary', href: next ? `#/learn/${next.number}` : '#/learn/summary' },
                next ? `${next.number} ${bi(next.title)} →` : `${t('learn.summary')} →`,
            ),
        ),
    );
    const update = () => {
        code.update();
        observe.update();
        open.update();
        mistakes.update();
    };
    update();
    return { root, update };
}

/** Each is ticked by what really happened on this instance. @param {Store} store @param {Step} step */
function createObservations(store, step) {
    const rows = (step.observe ?? []).map((observation) => {
        const box = el('span', { class: 'learn-tick', 'aria-hidden': 'true' });
        const state = el('span', { class: 'sr-only' });
        const root = el(
            'li',
            { dataset: { observation: observation.id } },
            box,
            el('span', null, bi(observation.text), ' ', state),
        );
        return { id: observation.id, box, state, root };
    });
    const update = () => {
        const ticks = store.progress(step.number)?.ticks ?? {};
        for (const { id, box, state, root } of rows) {
            const isSeen = id in ticks;
            root.classList.toggle('learn-seen', isSeen);
            setText(box, isSeen ? '✓' : '');
            setText(state, isSeen ? t('learn.is_seen') : t('learn.not_seen'));
        }
    };
    return {
        root: el(
            'ul',
            { class: 'learn-observe', 'aria-live': 'polite' },
            rows.map(({ root }) => root),
        ),
        update,
    };
}

/**
 * What can be opened in a browser, and asked with curl: as the step itself asks, where it does.
 * @param {Store} store
 * @param {Step} step
 */
function createPlaces(store, step) {
    const root = el('div', { class: 'learn-places' });
    let shown = '';
    const update = () => {
        const found = places(store.status);
        const urls = (step.calls ?? [])
            .filter(({ operation }) => operation === 'Request')
            .map(({ parameters }) => String(values(parameters?.['Url'], store.scope(step.number)).value ?? ''));
        const now = JSON.stringify([found, urls]);
        if (now === shown) return;
        shown = now;
        replace(
            root,
            found.length === 0 ? null : el('h2', null, t('learn.open')),
            found.map((place) => placeOf(store, place, urls)),
        );
    };
    return { root, update };
}

/**
 * @param {Store} store
 * @param {import('./links.js').Place} place
 * @param {string[]} urls
 */
function placeOf(store, { protocol, port, url }, urls) {
    const scheme = `${protocol.toLowerCase()}://`;
    const asked = urls.find((one) => one.startsWith(scheme) && !one.endsWith('://')) ?? url;
    const words = asked === url ? authority(store, scheme) : curlArguments(store.status, asked);
    return el(
        'div',
        { class: 'learn-place' },
        el(
            'div',
            null,
            el('span', { class: 'chip' }, `${protocol}:${port}`),
            ' ',
            el('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, url),
        ),
        el('div', { class: 'muted' }, t(protocol === 'HTTPS' ? 'learn.browser_https' : 'learn.browser_http')),
        commandLine(['curl', '-i', ...words, asked].map(shellWord).join(' ')),
    );
}

/** @param {Store} store @param {string} scheme */
function authority(store, scheme) {
    return scheme === 'https://' ? ['--cacert', String(store.status?.['ca_path'])] : [];
}
