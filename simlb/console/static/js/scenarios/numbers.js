// What `simlb scenario check` prints: quantities by arithmetic, and what must come true.

/** @import {Json} from '../types.js' */
import { el } from '../dom.js';
import { bi, t } from '../words.js';
import { figure, range } from './format.js';

/** @param {string[]} heads @param {(Node | string)[][]} rows @param {string} name */
function table(heads, rows, name) {
    return el(
        'div',
        { class: 'scenarios-table', role: 'region', tabindex: '0', 'aria-label': name },
        el(
            'table',
            null,
            el(
                'thead',
                null,
                el(
                    'tr',
                    null,
                    heads.map((head) => el('th', { scope: 'col' }, head)),
                ),
            ),
            el(
                'tbody',
                null,
                rows.map((row) =>
                    el(
                        'tr',
                        null,
                        row.map((cell) => el('td', null, cell)),
                    ),
                ),
            ),
        ),
    );
}

/** @param {Json} scenario @param {number} speed */
export function estimatesTable(scenario, speed) {
    const estimates = /** @type {any[]} */ (scenario['estimates']);
    if (estimates.length === 0) return null;
    return table(
        [
            t('scenarios.numbers.quantity'),
            t('scenarios.numbers.formula'),
            t('scenarios.numbers.aws'),
            t('scenarios.numbers.here', { speed }),
        ],
        estimates.map((one) => [
            bi(one.title),
            el('span', { class: 'mono' }, one.formula),
            el('span', { class: 'number' }, range(one)),
            el('span', { class: 'number' }, one.unit === 's' ? range(one, speed) : '='),
        ]),
        t('scenarios.numbers.title'),
    );
}

/** @param {Json} scenario @param {number} speed */
export function expectationsTable(scenario, speed) {
    const expectations = /** @type {any[]} */ (scenario['expectations']);
    return table(
        [
            t('scenarios.numbers.expectation'),
            t('scenarios.numbers.expected'),
            t('scenarios.numbers.here', { speed }),
            t('scenarios.numbers.that'),
        ],
        expectations.map((one) => [
            bi(one.title),
            el('span', { class: 'number' }, one.expected === null ? t('scenarios.numbers.unknown') : bi(one.expected)),
            el('span', { class: 'number' }, here(one, speed)),
            el('span', { class: 'mono muted' }, one.that),
        ]),
        t('scenarios.numbers.expectation'),
    );
}

/** @param {any} one @param {number} speed @returns {string} */
function here(one, speed) {
    if (one.bounds === null || !one.is_duration) return '';
    const [low, high] = one.bounds;
    return t('scenarios.unit.seconds', { value: `${figure(low / speed)} – ${figure(high / speed)}` });
}
