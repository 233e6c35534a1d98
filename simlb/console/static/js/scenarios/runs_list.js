// The runs that are kept, the newest first.

/** @import {Json} from '../types.js' */
import { el } from '../dom.js';
import { bi, language, t } from '../words.js';

/** States in which a run goes on. */
const GOING_ON = new Set(['starting', 'telling', 'asking', 'paused', 'ending']);

/** @param {Json} run */
export function goesOn(run) {
    return GOING_ON.has(run['state']);
}

/**
 * A run in a few words, with the colour and the sign of how it went.
 * @param {Json} run
 */
export function badge(run) {
    const [tone, sign, text] = goesOn(run)
        ? ['info', '▶', t(`scenarios.state.${run['state']}`)]
        : run['outcome'] === 'passed'
          ? ['good', '✔', t('scenarios.outcome.passed')]
          : run['outcome'] === null
            ? ['warn', '!', t('scenarios.state.lost')]
            : ['void', 'interrupted'].includes(run['outcome'])
              ? ['warn', '■', t(`scenarios.outcome.${run['outcome']}`)]
              : ['bad', '✗', t(`scenarios.outcome.${run['outcome']}`)];
    return el('span', { class: `chip ${tone}` }, el('span', { 'aria-hidden': 'true' }, sign), text);
}

/**
 * @param {Json[]} runs
 * @param {{isOfOne?: boolean}} [options] all are of one scenario, whose title need not be said
 */
export function runsList(runs, { isOfOne = false } = {}) {
    if (runs.length === 0) return el('p', { class: 'muted' }, t('scenarios.runs.none'));
    return el(
        'ul',
        { class: 'scenarios-runs' },
        runs.map((run) =>
            el(
                'li',
                null,
                el(
                    'a',
                    { class: 'scenarios-run-link', href: `#/runs/${encodeURIComponent(run['id'])}` },
                    isOfOne ? when(run) : bi(run['title']),
                ),
                badge(run),
                el(
                    'span',
                    { class: 'muted number' },
                    [
                        isOfOne ? '' : when(run),
                        t('scenarios.runs.speed', { speed: run['speed'] }),
                        run['expectations'] > 0
                            ? t('scenarios.verdicts.count', {
                                  passed: run['expectations'] - run['failed'],
                                  of: run['expectations'],
                              })
                            : '',
                    ]
                        .filter(Boolean)
                        .join(' · '),
                ),
            ),
        ),
    );
}

/** @param {Json} run @returns {string} when it began, on this computer's clock */
function when(run) {
    const started = new Date(run['started']);
    if (Number.isNaN(started.getTime())) return t('scenarios.state.starting');
    return started.toLocaleString(language(), { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
}
