// The big sentence.

/** @import {Saying} from './narration.js' */
import { el, replace } from '../dom.js';
import { t } from '../words.js';
import { bothTimes } from './figures.js';
import { withParticles } from './particles.js';
import { shape } from './shapes.js';

/** @param {HTMLElement} root */
export function createSaying(root) {
    const sign = el('span', { class: 'live-say-sign' });
    const line = el('p', { class: 'live-say-line', role: 'status', 'aria-live': 'polite' });
    const next = el('p', { class: 'live-say-next' });
    replace(root, sign, el('div', { class: 'live-say-words' }, line, next));
    let shown = '';
    let told = '';

    return {
        /** @param {Saying} saying @param {number} speed */
        show({ tone, key, values, next: following }, speed) {
            const filled = Object.fromEntries(
                Object.entries(values).map(([name, value]) => [
                    name,
                    name.endsWith('_s') ? bothTimes(Math.ceil(value), speed) : value,
                ]),
            );
            const text = withParticles(t(`live.say.${key}`, filled));
            const more = following === null ? '' : t(`live.next.${following}`, filled);
            if (root.dataset['tone'] !== tone) {
                root.dataset['tone'] = tone;
                replace(sign, shape(tone));
            }
            // The percentage changes twice a second: a screen reader hears the sentence again when it is another one.
            if (key !== told) line.setAttribute('aria-live', 'polite');
            else line.setAttribute('aria-live', 'off');
            told = key;
            if (text !== shown) line.textContent = text;
            shown = text;
            if (next.textContent !== more) next.textContent = more;
        },
    };
}
