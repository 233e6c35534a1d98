// Everything that is not as it should be, as the instance itself sees it.

/** @import {Json} from '../types.js' */
import { el, replace } from '../dom.js';
import { t } from '../words.js';
import { shape } from './shapes.js';
import { storyOf } from './request_panel.js';

const TONES = /** @type {const} */ ({ error: 'bad', warning: 'warn', info: 'info' });

/**
 * @param {HTMLButtonElement} button tells how many there are, and opens them
 */
export function createProblems(button) {
    /** @type {Json[]} */
    let stories = [];
    /** @param {Json[]} found the worst first */
    function tell(found) {
        stories = found;
        const worst = stories.some(({ facts }) => facts.severity === 'error')
            ? 'bad'
            : stories.length > 0
              ? 'warn'
              : 'good';
        const key = stories.length === 0 ? 'live.problems.none' : 'live.problems.some';
        replace(button, shape(worst), t(key, { count: stories.length }));
    }
    tell([]);
    return {
        tell,
        panel: () =>
            el(
                'div',
                { class: 'live-story' },
                stories.length === 0 ? el('p', null, t('live.problems.none')) : null,
                stories.map((story) =>
                    el(
                        'article',
                        { class: 'live-problem' },
                        shape(TONES[/** @type {keyof TONES} */ (story['facts'].severity)] ?? 'info'),
                        el('div', null, storyOf(story)),
                    ),
                ),
            ),
    };
}
