// Figures as people read them.

import { t } from '../words.js';

/** @param {number} value requests in a second @returns {string} `67/s`, `0.4/s` */
export function perSecond(value) {
    return t('live.figures.per_second', { value: value >= 10 || value === 0 ? Math.round(value) : value.toFixed(1) });
}

/** @param {number} seconds @returns {string} `12 ms`, `0.4 ms`, `1.2 s` */
export function milliseconds(seconds) {
    const value = seconds * 1000;
    if (value >= 1000) return `${(value / 1000).toFixed(value >= 10000 ? 0 : 1)} s`;
    return `${value >= 10 ? Math.round(value) : value.toFixed(1)} ms`;
}

/**
 * A time of the load balancer's, and what it is here when that runs faster or slower: `30 s (3 s here)`.
 * @param {number} seconds load-balancer time
 * @param {number} speed
 */
export function bothTimes(seconds, speed) {
    const aws = t('live.figures.seconds', { value: short(seconds) });
    return speed === 1 || speed <= 0 ? aws : t('live.figures.both_times', { aws, here: short(seconds / speed) });
}

/** @param {number} value */
function short(value) {
    return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}
