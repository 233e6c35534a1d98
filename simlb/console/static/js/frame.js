// The header of every page: where one is, how the instance does, language and brightness.

/** @import {Json} from './types.js' */

import { get, hasToken } from './api.js';
import { el, replace, setText } from './dom.js';
import { events } from './stream.js';
import { language, setLanguage, t } from './words.js';

const THEME = 'simlb.theme';
const PAGES = ['live', 'learn', 'scenarios'];
const PAPER = matchMedia('print');

/** Bright or dark as chosen before, or as the system has it; always bright on paper. */
export function applyTheme() {
    const stored = localStorage.getItem(THEME);
    const wanted = stored === null ? matchMedia('(prefers-color-scheme: light)').matches : stored === 'light';
    const isLight = wanted || PAPER.matches;
    document.documentElement.dataset['theme'] = isLight ? 'light' : 'dark';
}

PAPER.addEventListener('change', applyTheme);

function switchTheme() {
    const now = document.documentElement.dataset['theme'] === 'light' ? 'dark' : 'light';
    localStorage.setItem(THEME, now);
    applyTheme();
    dispatchEvent(new Event('simlb-theme'));
}

/**
 * @param {HTMLElement} root
 * @returns {{page: HTMLElement, setPage: (name: string) => void, close: () => void}} where pages go, which one is shown
 */
export function createFrame(root) {
    const links = PAGES.map((name) => el('a', { href: `#/${name}`, dataset: { page: name } }, t(`shell.${name}`)));
    const place = el('div', { class: 'frame-place' });
    const figures = createFigures();
    const notice = el('div', { class: 'frame-notice', role: 'status', hidden: true });
    const page = el('main', { class: 'frame-page', id: 'page', tabindex: '-1' });
    const other = language() === 'en' ? 'ko' : 'en';
    replace(
        root,
        el(
            'header',
            { class: 'frame-header' },
            el('a', { class: 'frame-brand', href: '#/live' }, 'sim', el('span', { class: 'accent' }, 'lb')),
            el('nav', { class: 'frame-nav', 'aria-label': t('shell.pages') }, links),
            place,
            figures.root,
            el(
                'div',
                { class: 'frame-switches' },
                el(
                    'button',
                    { class: 'btn', type: 'button', lang: other, on: { click: () => setLanguage(other) } },
                    other === 'ko' ? '한국어' : 'English',
                ),
                el(
                    'button',
                    {
                        class: 'btn',
                        type: 'button',
                        'aria-label': t('shell.theme'),
                        title: t('shell.theme'),
                        on: { click: switchTheme },
                    },
                    '◐',
                ),
            ),
        ),
        el('div', null, notice, page),
    );
    showPlace(place);
    showNotice(notice);
    const offs = [
        events.on('pulse', figures.show),
        ...['open', 'lost'].map((type) => events.on(type, () => showNotice(notice))),
        ...['configuration_changed', 'open'].map((type) => events.on(type, () => void showPlace(place))),
    ];
    return {
        page,
        close: () => offs.forEach((off) => off()),
        setPage(name) {
            for (const link of links) {
                if (link.dataset['page'] === name) link.setAttribute('aria-current', 'page');
                else link.removeAttribute('aria-current');
            }
        },
    };
}

/** Requests per second, the part of 5xx, and p95 of all load balancers together. */
function createFigures() {
    const rate = el('b', null, '–');
    const errors = el('b', null, '–');
    const slow = el('b', null, '–');
    /** @param {HTMLElement} value @param {string} key */
    const figure = (value, key) => el('span', { class: 'frame-figure' }, value, el('span', { class: 'muted' }, t(key)));
    const root = el(
        'div',
        { class: 'frame-figures' },
        figure(rate, 'shell.per_second'),
        figure(errors, 'shell.errors'),
        figure(slow, 'shell.p95'),
    );
    /** @param {Json} pulse */
    const show = (pulse) => {
        const balancers = /** @type {Json[]} */ (pulse['load_balancers']);
        const perSecond = sum(balancers.map((one) => one['per_second'] ?? 0));
        const failed = sum(
            balancers.flatMap((one) =>
                Object.entries(one['by_outcome'] ?? {}).map(([outcome, count]) =>
                    outcome.endsWith('5xx') ? Number(count) : 0,
                ),
            ),
        );
        const p95 = Math.max(0, ...balancers.map((one) => one['p95_s'] ?? 0));
        const share = perSecond > 0 ? (100 * failed) / perSecond : 0;
        setText(rate, perSecond >= 10 ? perSecond.toFixed(0) : perSecond.toFixed(1));
        setText(errors, share === 0 || share >= 10 ? share.toFixed(0) : share.toFixed(1));
        errors.className = share > 0 ? 'bad' : '';
        setText(slow, perSecond > 0 ? milliseconds(p95) : '–');
    };
    return { root, show };
}

/** @param {number[]} values */
function sum(values) {
    return values.reduce((total, value) => total + value, 0);
}

/** @param {number} seconds */
function milliseconds(seconds) {
    const ms = seconds * 1000;
    return ms >= 10 ? ms.toFixed(0) : ms.toFixed(1);
}

/** The instance's region, speed and name. @param {HTMLElement} place */
async function showPlace(place) {
    let status;
    try {
        status = await get('/api/v1/status');
    } catch {
        return; // the notice says so
    }
    const speed = Number(status['speed']);
    replace(
        place,
        el('span', { class: 'chip' }, status['region']),
        speed === 1 ? null : el('span', { class: 'chip', title: t('shell.speed_title') }, t('shell.speed', { speed })),
        hasToken()
            ? null
            : el('span', { class: 'chip warn', title: t('shell.needs_token_hint') }, t('shell.read_only')),
    );
}

/** @param {HTMLElement} notice */
function showNotice(notice) {
    notice.hidden = events.isOpen();
    setText(notice, t('shell.lost'));
}
