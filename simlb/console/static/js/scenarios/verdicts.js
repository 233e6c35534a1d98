// What is expected, from the beginning; each turns green or red when it is known.

/** @import {Json} from '../types.js' */
/** @import {Tale, Verdict} from './tale.js' */
import { el, replace, setText } from '../dom.js';
import { bi, t } from '../words.js';

/** @param {Json | null} scenario as the shelf describes it */
export function createVerdicts(scenario) {
    const count = el('span', { class: 'muted number' });
    const list = el('ul', { class: 'scenarios-verdicts', tabindex: '0', 'aria-label': t('scenarios.verdicts.title') });
    const root = el(
        'section',
        { class: 'panel scenarios-expected', 'aria-label': t('scenarios.verdicts.title') },
        el('h2', null, t('scenarios.verdicts.title'), ' ', count),
        list,
    );
    const expected = /** @type {any[]} */ (scenario?.['expectations'] ?? []);
    let shown = '';

    return {
        root,
        /** @param {Tale} tale @param {number} at */
        update(tale, at) {
            const known = knownAt(tale, at);
            const steady = tale.steady !== null && tale.steady.at <= at ? tale.steady : null;
            const key = JSON.stringify([
                steady?.isSteady,
                [...known].map(([id, one]) => [id, one.passed, one.isFinal]),
            ]);
            if (key === shown) return;
            shown = key;
            const ids = [...new Set([...expected.map(({ id }) => id), ...known.keys()])];
            const passed = [...known.values()].filter((one) => one.passed).length;
            setText(count, t('scenarios.verdicts.count', { passed, of: ids.length }));
            replace(
                list,
                steadyItem(steady),
                ids.map((id) =>
                    item(
                        expected.find((one) => one.id === id),
                        known.get(id),
                        id,
                    ),
                ),
            );
        },
    };
}

/** The last word on each expectation. @param {Tale} tale @param {number} at @returns {Map<string, Verdict>} */
function knownAt(tale, at) {
    /** @type {Map<string, Verdict>} */
    const known = new Map();
    for (const verdict of tale.verdicts) {
        if (verdict.at <= at && !(known.get(verdict.id)?.isFinal && !verdict.isFinal)) known.set(verdict.id, verdict);
    }
    return known;
}

/** @param {Tale['steady']} steady */
function steadyItem(steady) {
    return row(
        steady === null ? 'open' : steady.isSteady ? 'passed' : 'failed',
        t('scenarios.verdicts.steady'),
        steady === null ? '' : steady.seen.join(', '),
    );
}

/** @param {any} expectation @param {Verdict | undefined} verdict @param {string} id */
function item(expectation, verdict, id) {
    const title = expectation?.title ?? verdict?.title;
    const wanted = verdict?.expected ?? expectation?.expected ?? null;
    const details = [
        verdict === undefined ? '' : t('scenarios.verdicts.seen', { seen: bi(verdict.seen) }),
        wanted === null ? '' : t('scenarios.verdicts.expected', { expected: bi(wanted) }),
        verdict !== undefined && verdict.lines.length > 0
            ? t('scenarios.verdicts.lines', { lines: verdict.lines.join(', ') })
            : '',
    ];
    return row(
        verdict === undefined ? 'open' : verdict.passed ? 'passed' : 'failed',
        title === undefined || title === null ? id : bi(title),
        details.filter(Boolean).join(' · '),
    );
}

/** @param {'open' | 'passed' | 'failed'} state @param {string} title @param {string} details */
function row(state, title, details) {
    const sign = { open: '○', passed: '✔', failed: '✗' }[state];
    const tone = { open: 'muted', passed: 'good', failed: 'bad' }[state];
    return el(
        'li',
        { class: `scenarios-verdict scenarios-verdict-${state}`, dataset: { state } },
        el('span', { class: `scenarios-sign ${tone}`, 'aria-hidden': 'true' }, sign),
        el(
            'div',
            null,
            el('b', null, title),
            el('span', { class: 'sr-only' }, ` (${t(`scenarios.verdicts.${state}`)})`),
            el('div', { class: 'muted' }, details),
        ),
    );
}
