// One scenario before it is played: its story, the numbers to expect, and the button.

/** @import {Both, Json, Off} from '../types.js' */
import { get, hasToken, post } from '../api.js';
import { toastError } from '../toast.js';
import { el, replace } from '../dom.js';
import { bi, language, t } from '../words.js';
import { duration } from './format.js';
import { expectationsTable, estimatesTable } from './numbers.js';
import { goesOn, runsList } from './runs_list.js';
import { stepsList } from './steps.js';

const SPEEDS = [1, 2, 4, 5, 10, 20, 25, 50, 60, 100];
const MINUTE_S = 60;

/**
 * @param {HTMLElement} root
 * @param {string} id
 * @returns {Promise<Off>}
 */
export async function mountScenario(root, id) {
    replace(root, el('p', { class: 'muted' }, t('scenarios.loading')));
    const path = `/api/v1/scenarios/${encodeURIComponent(id)}`;
    const [scenario, { runs }] = await Promise.all([get(path), get('/api/v1/runs')]);
    const mine = /** @type {Json[]} */ (runs).filter((run) => run['scenario'] === id);
    const numbers = el('div', { class: 'scenarios-numbers' });
    const speed = speedChoice(scenario, showNumbers);

    function showNumbers() {
        replace(
            numbers,
            el('h2', null, t('scenarios.numbers.title')),
            el('p', { class: 'muted' }, t('scenarios.numbers.lead')),
            estimatesTable(scenario, Number(speed.value)),
            expectationsTable(scenario, Number(speed.value)),
        );
    }

    replace(
        root,
        el(
            'div',
            { class: 'scenarios-detail' },
            el(
                'div',
                { class: 'scenarios-main' },
                el(
                    'header',
                    { class: 'scenarios-detail-head' },
                    el('a', { href: '#/scenarios' }, `← ${t('scenarios.back')}`),
                    el('h1', null, bi(scenario['title'])),
                    el('p', { class: 'scenarios-summary' }, bi(scenario['summary'])),
                    el(
                        'p',
                        { class: 'scenarios-chips' },
                        el('span', { class: 'chip' }, t(`scenarios.level.${scenario['level']}`)),
                        el('span', { class: 'chip number' }, t('scenarios.minutes', { count: scenario['minutes'] })),
                        /** @type {string[]} */ (scenario['tags']).map((tag) =>
                            el('span', { class: 'scenarios-tag' }, `#${tag}`),
                        ),
                    ),
                ),
                el('section', { class: 'panel' }, numbers),
                el(
                    'details',
                    { class: 'panel scenarios-steps' },
                    el('summary', null, t('scenarios.story.steps')),
                    stepsList(scenario),
                ),
            ),
            el(
                'div',
                { class: 'scenarios-side' },
                playPanel(scenario, speed, /** @type {Json[]} */ (runs).find(goesOn)),
                standing(scenario),
                el(
                    'section',
                    { class: 'panel' },
                    el('h2', null, t('scenarios.runs.title')),
                    runsList(mine, { isOfOne: true }),
                ),
            ),
        ),
    );
    showNumbers();
    return () => {};
}

/** @param {Json} scenario @param {() => void} onChange */
function speedChoice(scenario, onChange) {
    const max = Number(scenario['max_speed']);
    const own = Number(scenario['speed']);
    const speeds = [...new Set([...SPEEDS.filter((one) => one <= max), own, max])].sort((a, b) => a - b);
    const select = el(
        'select',
        { class: 'field', id: 'scenarios-speed', on: { change: onChange } },
        speeds.map((one) =>
            el(
                'option',
                { value: String(one), selected: one === own },
                t('scenarios.play.speed_option', {
                    speed: one,
                    time: duration((Number(scenario['minutes']) * MINUTE_S) / one),
                }),
            ),
        ),
    );
    return select;
}

/** @param {Json} scenario @param {HTMLSelectElement} speed @param {Json | undefined} other a run that goes on */
function playPanel(scenario, speed, other) {
    const questions = /** @type {Json[]} */ (scenario['steps'])
        .flatMap((step) => /** @type {Json[]} */ (step['actions']))
        .filter((action) => action['type'] === 'ask').length;
    const button = el(
        'button',
        { class: 'btn btn-primary scenarios-play', type: 'button', disabled: !hasToken() || other !== undefined },
        `▶ ${t('scenarios.play.button')}`,
    );
    button.addEventListener('click', async () => {
        button.disabled = true;
        replace(button, t('scenarios.play.starting'));
        try {
            const wanted = { scenario: scenario['id'], speed: Number(speed.value), language: language() };
            location.hash = `/runs/${(await post('/api/v1/runs', wanted))['id']}`;
        } catch (error) {
            toastError(error);
            button.disabled = false;
            replace(button, `▶ ${t('scenarios.play.button')}`);
        }
    });
    return el(
        'section',
        { class: 'panel scenarios-play-panel', 'aria-label': t('scenarios.play.title') },
        el('label', { class: 'scenarios-speed', for: 'scenarios-speed' }, t('scenarios.play.speed'), speed),
        button,
        el(
            'p',
            { class: 'muted' },
            [
                questions > 0 ? `${t('scenarios.play.questions', { count: questions })}.` : '',
                t('scenarios.play.place'),
                t('scenarios.play.speed_note', { max: scenario['max_speed'] }),
            ].join(' '),
        ),
        hasToken() ? null : el('p', { class: 'warn' }, t('shell.needs_token'), ' ', t('shell.needs_token_hint')),
        other === undefined
            ? null
            : el(
                  'p',
                  { class: 'warn' },
                  t('scenarios.play.busy'),
                  ' ',
                  el('a', { href: `#/runs/${encodeURIComponent(other['id'])}` }, t('scenarios.play.watch')),
              ),
    );
}

/** @param {Json} scenario */
function standing(scenario) {
    const { load_balancers: balancers, target_groups: groups } = scenario['topology'];
    const listeners = /** @type {Json[]} */ (balancers).flatMap((one) => /** @type {Json[]} */ (one['listeners']));
    return el(
        'section',
        { class: 'panel' },
        el('h2', null, t('scenarios.story.title')),
        el(
            'ul',
            { class: 'scenarios-standing' },
            listeners.map((one) =>
                el(
                    'li',
                    { class: 'number' },
                    `${one['protocol']}:${one['port']} → `,
                    /** @type {Json[]} */ (one['rules'])
                        .flatMap((rule) => [rule['action'], ...rule['target_groups']])
                        .join(' '),
                ),
            ),
            /** @type {Json[]} */ (groups).map((group) =>
                el(
                    'li',
                    null,
                    t('scenarios.story.targets', { group: group['name'], count: group['targets'].length }),
                    ' · ',
                    t('scenarios.story.check', { ...scenario['variables'], path: group['health_check']['path'] }),
                ),
            ),
            /** @type {Json[]} */ (scenario['loads']).map((load) =>
                el(
                    'li',
                    null,
                    load['users'] === null
                        ? t('scenarios.story.load', { rate: load['rate_per_s'], path: load['path'] })
                        : t('scenarios.story.users', { users: load['users'], path: load['path'] }),
                ),
            ),
        ),
    );
}
