// The steps of a story, for who wants to know them beforehand.

/** @import {Json} from '../types.js' */
import { el } from '../dom.js';
import { bi, t } from '../words.js';
import { duration } from './format.js';

/** @param {Json} scenario */
export function stepsList(scenario) {
    return el(
        'ol',
        { class: 'scenarios-step-list' },
        /** @type {Json[]} */ (scenario['steps']).map((step) =>
            el(
                'li',
                null,
                el('span', { class: 'scenarios-trigger' }, trigger(step['trigger'])),
                /** @type {Json[]} */ (step['actions']).map((action) => el('div', null, actionOf(action, scenario))),
            ),
        ),
    );
}

/** @param {Json} when @returns {string} */
function trigger(when) {
    if ('at_s' in when) return t('scenarios.story.at', { time: duration(when['at_s']) });
    if ('when' in when) return t('scenarios.story.when', { what: when['when'] });
    return t('scenarios.story.after', { time: duration(when['wait_s']), what: when['after'] });
}

/** @param {Json} action @param {Json} scenario */
function actionOf(action, scenario) {
    const values = { ...scenario['variables'], elapsed: '…' };
    switch (action['type']) {
        case 'say':
            return el('q', null, bi(action['words'], values));
        case 'ask':
            return el(
                'span',
                null,
                `? ${bi(action['words'], values)} `,
                el(
                    'span',
                    { class: 'muted' },
                    /** @type {any[]} */ (action['choices']).map((one) => bi(one)).join(' / '),
                ),
            );
        case 'fault':
            return el(
                'span',
                { class: 'mono' },
                '✗ ',
                [action['fault'], ...action['on'], ...pairs(action['parameters'])].join(' '),
            );
        case 'heal':
            return el('span', { class: 'mono' }, '✓ ', t('scenarios.mark.heal', { text: action['ids'].join(', ') }));
        case 'register':
        case 'deregister':
            return t(`scenarios.mark.${action['type']}`, { text: action['targets'].join(', ') });
        case 'change':
            return el('span', { class: 'mono' }, `~ ${action['target_group']} ${pairs(action['changes']).join(' ')}`);
        case 'load':
            return el(
                'span',
                { class: 'mono' },
                `~ ${action['id']} ${pairs({ runs: action['runs'], rate: action['rate_per_s'], users: action['users'] }).join(' ')}`,
            );
        default:
            return null;
    }
}

/** @param {Json} values */
function pairs(values) {
    return Object.entries(values)
        .filter(([, value]) => value !== null)
        .map(([name, value]) => `${name}=${value}`);
}
