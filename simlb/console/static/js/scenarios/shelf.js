// The shelf: every scenario that comes with simlb, and what was played.

/** @import {Json, Off} from '../types.js' */
import { get } from '../api.js';
import { el, replace } from '../dom.js';
import { bi, t } from '../words.js';
import { badge, goesOn, runsList } from './runs_list.js';

const LEVELS = ['basic', 'intermediate', 'advanced'];
const AGAIN_MS = 3000;

/**
 * @param {HTMLElement} root
 * @returns {Promise<Off>}
 */
export async function mountShelf(root) {
    replace(root, el('p', { class: 'muted' }, t('scenarios.loading')));
    const [{ scenarios }, { runs }] = await Promise.all([get('/api/v1/scenarios'), get('/api/v1/runs')]);
    let level = '';
    const cards = el('ul', { class: 'scenarios-cards' });
    const past = el('div');
    const choices = el('div', { class: 'scenarios-levels', role: 'group', 'aria-label': t('scenarios.filter') });
    let known = /** @type {Json[]} */ (runs);

    function showCards() {
        const ordered = LEVELS.flatMap((one) =>
            /** @type {Json[]} */ (scenarios).filter((scenario) => scenario['level'] === one),
        );
        replace(
            cards,
            ordered
                .filter((scenario) => level === '' || scenario['level'] === level)
                .map((scenario) =>
                    card(
                        scenario,
                        known.find((run) => run['scenario'] === scenario['id']),
                    ),
                ),
        );
        replace(
            choices,
            ['', ...LEVELS].map((one) =>
                el(
                    'button',
                    {
                        class: 'btn',
                        type: 'button',
                        'aria-pressed': String(one === level),
                        on: {
                            click: () => {
                                level = one;
                                showCards();
                                /** @type {HTMLElement | null} */ (
                                    choices.querySelector('[aria-pressed="true"]')
                                )?.focus();
                            },
                        },
                    },
                    one === '' ? t('scenarios.every') : t(`scenarios.level.${one}`),
                ),
            ),
        );
    }

    function showRuns() {
        replace(past, runsList(known.slice(0, 12)));
    }

    replace(
        root,
        el(
            'div',
            { class: 'scenarios-shelf' },
            el(
                'header',
                { class: 'scenarios-heading' },
                el('div', null, el('h1', null, t('scenarios.title')), el('p', null, t('scenarios.lead'))),
                choices,
            ),
            cards,
            el(
                'aside',
                { class: 'panel scenarios-past', 'aria-label': t('scenarios.runs.title') },
                el('h2', null, t('scenarios.runs.title')),
                past,
                el('p', { class: 'muted' }, t('scenarios.runs.kept')),
            ),
        ),
    );
    showCards();
    showRuns();
    const timer = setInterval(async () => {
        if (document.hidden || !known.some(goesOn)) return;
        try {
            known = (await get('/api/v1/runs')).runs;
        } catch {
            return; // the frame says so
        }
        showCards();
        showRuns();
    }, AGAIN_MS);
    return () => clearInterval(timer);
}

/** @param {Json} scenario @param {Json | undefined} run the last one of it */
function card(scenario, run) {
    return el(
        'li',
        { class: 'panel scenarios-card' },
        el('h2', null, el('a', { href: `#/scenarios/${encodeURIComponent(scenario['id'])}` }, bi(scenario['title']))),
        el('p', null, bi(scenario['summary'])),
        el(
            'p',
            { class: 'scenarios-chips' },
            el('span', { class: 'chip' }, t(`scenarios.level.${scenario['level']}`)),
            el(
                'span',
                { class: 'chip number', title: t('scenarios.minutes_title') },
                t('scenarios.minutes', { count: scenario['minutes'] }),
            ),
            /** @type {string[]} */ (scenario['tags']).map((tag) => el('span', { class: 'scenarios-tag' }, `#${tag}`)),
            run === undefined ? null : badge(run),
        ),
    );
}
