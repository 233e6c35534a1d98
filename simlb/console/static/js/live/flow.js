// How many requests one dot stands for. More than some 40 dots a second on a line are a solid line that tells nothing;
// errors are shown one by one whatever the rate.

/** @import {Item} from '../types.js' */

export const EDGE_MAX_PER_S = 40;
/** Two hundred a second are 40 dots of five, also where it was two hundred and three. */
const SLACK = 1.1;
const RATE_SPAN_MS = 2000;
/** A smaller number of requests a dot is gone back to only well below the rate that asked for more: no flicker. */
const BACK = 0.95;
const NICE = [1, 2, 5];
/** What is counted and failed comes in one event for up to a thousand: so many dots are made of it at most. */
const COUNTED_ERRORS_MAX = 60;
/** How long an event's count has been gathered before it was told. */
const COUNT_SPAN_MS = 250;

/** Whether an item is a failure: a 5xx of either, or a connection that broke.
 * @param {Item} item */
export function isError(item) {
    return item.elb >= 500 || item.targetStatus >= 500 || item.elb === 460 || item.elb === 0;
}

/**
 * The smallest of 1, 2, 5, 10, 20, 50 ... that keeps a rate within what a line can show.
 * @param {number} perSecond
 */
export function perDot(perSecond) {
    for (let power = 1; ; power *= 10) {
        for (const one of NICE) {
            if (perSecond <= EDGE_MAX_PER_S * SLACK * one * power) return one * power;
        }
    }
}

/**
 * Puts requests together into dots.
 * @param {(item: Item) => void} send takes the dots
 */
export function createFlow(send) {
    /** @type {{atMs: number, count: number}[]} */
    let arrivals = [];
    /** @type {Map<string, {gathered: number}>} */
    const routes = new Map();
    let current = 1;

    /** @param {number} atMs @param {number} count */
    function adapt(atMs, count) {
        arrivals.push({ atMs, count });
        if (arrivals.length > 64 && (arrivals[0]?.atMs ?? 0) < atMs - RATE_SPAN_MS) {
            arrivals = arrivals.filter((one) => one.atMs >= atMs - RATE_SPAN_MS);
        }
        let sum = 0;
        for (const one of arrivals) if (one.atMs >= atMs - RATE_SPAN_MS) sum += one.count;
        const rate = (sum * 1000) / RATE_SPAN_MS;
        const wanted = perDot(rate);
        if (wanted > current || perDot(rate / BACK) < current) current = wanted;
    }

    /** @param {Item} item */
    function takeErrors(item) {
        const dots = Math.min(item.count, COUNTED_ERRORS_MAX);
        for (let index = 0; index < dots; index += 1) {
            const count = Math.floor((item.count * (index + 1)) / dots) - Math.floor((item.count * index) / dots);
            send({ ...item, count, atMs: item.atMs - (COUNT_SPAN_MS * (dots - 1 - index)) / dots });
        }
    }

    return {
        /** How many requests a dot stands for at the moment. */
        perDot: () => current,
        /** @param {Item} item one request, or `count` of them that ended within the quarter of a second before `atMs` */
        take(item) {
            adapt(item.atMs, item.count);
            if (isError(item)) {
                takeErrors(item);
                return;
            }
            const key = `${item.listener}|${item.rule}|${item.target}|${item.elb}`;
            const route = routes.get(key) ?? { gathered: 0 };
            routes.set(key, route);
            const before = route.gathered;
            route.gathered += item.count;
            const dots = Math.floor(route.gathered / current);
            for (let index = 1; index <= dots; index += 1) {
                // The request that fills the dot, by its place among those that were counted.
                const filled = (index * current - before) / item.count;
                send({ ...item, count: current, atMs: item.atMs - COUNT_SPAN_MS * (item.count > 1 ? 1 - filled : 0) });
            }
            route.gathered -= dots * current;
        },
        /** Forget what was gathered: after a pause. */
        clear() {
            arrivals = [];
            routes.clear();
            current = 1;
        },
    };
}
