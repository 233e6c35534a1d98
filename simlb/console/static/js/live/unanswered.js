// What nobody answered: no rule and no target had to do with it, and there is no status.

/** @import {Item} from '../types.js' */

/**
 * @param {string} listener
 * @param {number} atMs of performance.now()
 * @param {boolean} isHeld it waits before a closed gate, and was not refused
 * @returns {Item}
 */
export function unanswered(listener, atMs, isHeld) {
    return { atMs, listener, rule: null, group: null, target: null, elb: 0, targetStatus: 0, count: 1, isHeld };
}
