// The times of a health check: what its four numbers mean for a target that dies, hangs or comes back.

/**
 * From and to in seconds of load-balancer time. `refused` ends a check at once,
 * `hang` only with its timeout. A target is out after `unhealthy` failed checks in a row and back after `healthy` passed
 * ones; the first of them comes at any moment within an interval.
 * @param {{interval_s: number, timeout_s: number, unhealthy: number, healthy: number}} check
 * @returns {{refused: [number, number], hang: [number, number], back: [number, number]}}
 */
export function derived({ interval_s: interval, timeout_s: timeout, unhealthy, healthy }) {
    return {
        refused: [(unhealthy - 1) * interval, unhealthy * interval],
        hang: [(unhealthy - 1) * interval + timeout, unhealthy * interval + timeout],
        back: [(healthy - 1) * interval, healthy * interval],
    };
}

/**
 * A span as people say it: `30–60 s`, `3.5–6.5 s`, `3 s`.
 * @param {[number, number]} span @param {number} speed
 */
export function spoken([from, to], speed = 1) {
    const [first, last] = [short(from / speed), short(to / speed)];
    return first === last ? `${first} s` : `${first}–${last} s`;
}

/** @param {number} seconds */
function short(seconds) {
    if (seconds >= 10 || Number.isInteger(seconds)) return String(Math.round(seconds));
    return seconds >= 1 ? String(Number(seconds.toFixed(1))) : String(Number(seconds.toFixed(2)));
}
