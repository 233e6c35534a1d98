// A state is a colour, a shape and a word. Here are the shapes.

import { svg } from '../dom.js';

/** @typedef {'good' | 'bad' | 'warn' | 'info' | 'idle'} Tone */

/** @type {Record<string, Tone>} */
const TONES = { healthy: 'good', unhealthy: 'bad', draining: 'warn', initial: 'info', unused: 'idle' };

/** @type {Record<Tone, string>} in a square of 16: a disc with a tick, a square with a cross, and so on */
const PATHS = {
    good: 'M8 0a8 8 0 1 0 0 16A8 8 0 0 0 8 0zM3.8 8.2l1.6-1.6 1.9 1.9 3.7-4 1.6 1.5-5.3 5.7z',
    bad: 'M1 1h14v14H1zM4.2 5.9L6.3 8 4.2 10.1l1.7 1.7L8 9.7l2.1 2.1 1.7-1.7L9.7 8l2.1-2.1-1.7-1.7L8 6.3 5.9 4.2z',
    warn: 'M8 0l8 15H0zM7 5.5v4.2h2V5.5zM7 10.8v2h2v-2z',
    info: 'M8 0a8 8 0 1 0 0 16A8 8 0 0 0 8 0zM8 2.6a5.4 5.4 0 1 1 0 10.8A5.4 5.4 0 0 1 8 2.6z',
    idle: 'M8 0l8 8-8 8-8-8zM8 3.4L3.4 8 8 12.6 12.6 8z',
};

/** @param {string} state of a target @returns {Tone} */
export function toneOf(state) {
    return TONES[state] ?? 'idle';
}

/**
 * The shape of a tone, as high as a capital letter.
 * @param {Tone} tone
 */
export function shape(tone) {
    return svg(
        'svg',
        { class: `live-shape live-${tone}`, viewBox: '0 0 16 16', 'aria-hidden': 'true' },
        svg('path', { d: PATHS[tone], 'fill-rule': 'evenodd' }),
    );
}
