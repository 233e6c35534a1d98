// When a request is shown. Events come in batches, a little after what they tell of; each says at which real second it was.
// All are shown the same while later, so that dots are as far apart as the requests were.

/** @import {Item, Json} from '../types.js' */

export const DELAY_MS = 600;
/** How fast an offset that was too small is given up: clocks of two programs drift, and a slept laptop jumps. */
const DRIFT = 0.002;
const JUMP_MS = 3000;

/** Puts event times and the page's own clock side by side. */
export function createArrivals() {
    /** @type {number | null} */
    let offsetMs = null;
    return {
        /**
         * @param {number} realS of an event
         * @param {number} nowMs performance.now() at its arrival
         * @returns {number} performance.now() at which to show it
         */
        timeOf(realS, nowMs) {
            const seen = nowMs - realS * 1000;
            // The smallest difference is of the event that was told soonest.
            if (offsetMs === null || seen < offsetMs || seen - offsetMs > JUMP_MS) offsetMs = seen;
            else offsetMs += (seen - offsetMs) * DRIFT;
            return realS * 1000 + offsetMs + DELAY_MS;
        },
    };
}

/**
 * A request event as the map takes it.
 * @param {Json} event `request_finished` or `requests_counted`
 * @param {number} atMs
 * @returns {Item}
 */
export function itemOf(event, atMs) {
    const group = event.target_group ?? null;
    return {
        atMs,
        listener: `${event.load_balancer}|${event.listener_port}`,
        rule: event.rule_priority ?? null,
        group,
        target: group === null || event.target === null ? null : `${group}|${event.target}`,
        elb: event.elb_status_code,
        targetStatus: event.target_status_code,
        count: event.count ?? 1,
        number: event.number ?? null,
    };
}
