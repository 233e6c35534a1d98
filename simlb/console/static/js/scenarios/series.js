// A run as its chart shows it: requests and latencies by the second of load-balancer time. Pure.

/** @import {ChartPoint} from '../types.js' */
/** @import {Tale} from './tale.js' */

/**
 * The seconds of a run up to a moment, behind an empty one where the chart begins, so that it shows all of the run.
 * @param {Tale} tale
 * @param {number} from
 * @param {number} at
 * @returns {ChartPoint[]}
 */
export function pointsUntil(tale, from, at) {
    /** @type {ChartPoint[]} */
    const points = [{ atS: from, outcomes: {}, p50S: null, p95S: null }];
    for (let place = Math.ceil(from); place < tale.seconds.length && place + 1 <= at; place += 1) {
        const second = tale.seconds[place];
        if (second === undefined) continue;
        if (second.counted !== second.latencies.length) {
            second.counted = second.latencies.length;
            second.latencies.sort((a, b) => a - b);
            second.p50S = percentile(second.latencies, 0.5);
            second.p95S = percentile(second.latencies, 0.95);
        }
        points.push({ atS: place + 1, outcomes: second.outcomes, p50S: second.p50S, p95S: second.p95S });
    }
    return points;
}

/**
 * The smallest value that at least such a part does not exceed; null for none.
 * @param {number[]} sorted
 * @param {number} part
 */
export function percentile(sorted, part) {
    return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? null;
}
