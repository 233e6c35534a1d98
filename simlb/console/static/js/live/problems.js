// Everything that is not as it should be, as the instance itself sees it.

/** @import {Json} from '../types.js' */
import { get } from '../api.js';
import { el, replace } from '../dom.js';
import { language, t } from '../words.js';
import { shape } from './shapes.js';
import { storyOf } from './request_panel.js';

const TONES = /** @type {const} */ ({ error: 'bad', warning: 'warn', info: 'info' });
const AGAIN_MS = 3000;

/**
 * @param {HTMLButtonElement} button tells how many there are, and opens them
 */
export function createProblems(button) {
    /** @type {Json[]} */
    let stories = [];
    let timer = 0;
    let isClosed = false;

    async function look() {
        clearTimeout(timer);
        if (!document.hidden) {
            try {
                stories = (await get(`/api/v1/explain?lang=${language()}`)).stories;
            } catch {
                // The frame says that nothing answers.
            }
        }
        if (isClosed) return;
        const worst = stories.some(({ facts }) => facts.severity === 'error')
            ? 'bad'
            : stories.length > 0
              ? 'warn'
              : 'good';
        replace(
            button,
            shape(worst),
            t(stories.length === 0 ? 'live.problems.none' : 'live.problems.some', { count: stories.length }),
        );
        timer = setTimeout(look, AGAIN_MS);
    }
    void look();
    return {
        look: () => void look(),
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
        close() {
            isClosed = true;
            clearTimeout(timer);
        },
    };
}
