// Times and values of scenarios as people read them.

import { t } from '../words.js';

/** @param {number} value at most three figures that say something */
export function figure(value) {
    return Number(value.toPrecision(Math.abs(value) >= 1000 ? 4 : 3)).toString();
}

/** @param {number} seconds @returns {string} `38.5 s`, `2 min 5 s` */
export function duration(seconds) {
    if (seconds < 90) return t('scenarios.unit.seconds', { value: figure(seconds) });
    const whole = Math.round(seconds);
    return t('scenarios.unit.minutes', { minutes: Math.floor(whole / 60), seconds: whole % 60 });
}

/** @param {number} seconds since the story began @returns {string} `1:05.2`, `-0:04.0` before it */
export function clock(seconds) {
    const tenths = Math.round(Math.abs(seconds) * 10);
    const sign = seconds < 0 && tenths > 0 ? '−' : '';
    const rest = tenths % 600;
    return `${sign}${Math.floor(tenths / 600)}:${String(Math.floor(rest / 10)).padStart(2, '0')}.${rest % 10}`;
}

/** @param {number} seconds @returns {string} the same without tenths: `1:05` */
export function shortClock(seconds) {
    const whole = Math.round(Math.abs(seconds));
    return `${seconds < 0 && whole > 0 ? '−' : ''}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/**
 * A range in seconds or in requests, its mean behind it.
 * @param {{low: number, high: number, mean: number | null, unit: string}} estimate
 * @param {number} [speed] durations are divided by it
 */
export function range({ low, high, mean, unit }, speed = 1) {
    const isTime = unit === 's';
    const by = isTime ? speed : 1;
    const ends = low === high ? figure(low / by) : `${figure(low / by)} – ${figure(high / by)}`;
    const text = t(isTime ? 'scenarios.unit.seconds' : 'scenarios.unit.requests', { value: ends });
    return mean === null ? text : `${text} (${t('scenarios.numbers.mean', { value: figure(mean / by) })})`;
}
