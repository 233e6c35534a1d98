// How many requests each second had, by who made the status and of which class: from events as they come, and from the
// metrics for the minutes before the page was opened.

/** @import {ChartPoint, Json} from '../types.js' */
import { get } from '../api.js';

export const WINDOW_S = 180;
/** A second is shown when its events are here: the last ones come half a second later. */
const LATE_S = 1;

/** Metrics and the outcomes that they count. */
const COUNTS = [
    ['HTTPCode_Target_2XX_Count', 'target 2xx'],
    ['HTTPCode_Target_3XX_Count', 'target 3xx'],
    ['HTTPCode_Target_4XX_Count', 'target 4xx'],
    ['HTTPCode_Target_5XX_Count', 'target 5xx'],
    ['HTTPCode_ELB_3XX_Count', 'elb 3xx'],
    ['HTTPCode_ELB_4XX_Count', 'elb 4xx'],
    ['HTTPCode_ELB_5XX_Count', 'elb 5xx'],
];

/**
 * `target 2xx`, `elb 5xx`: who made a status, and its class.
 * @param {number} elb
 * @param {number} target 0 where no target answered
 */
export function outcomeOf(elb, target) {
    return target > 0 ? `target ${Math.floor(target / 100)}xx` : `elb ${Math.floor(elb / 100)}xx`;
}

/** Sums by second of wall clock, of each load balancer. */
export function createSeconds() {
    /** @type {Map<string, Map<number, ChartPoint>>} */
    const balancers = new Map();
    /** The wall-clock second at which this page's own counting began: before it metrics tell. */
    const began = Math.floor(Date.now() / 1000);

    /** @param {string} balancer @param {number} second @returns {ChartPoint} */
    function pointOf(balancer, second) {
        const points = balancers.get(balancer) ?? new Map();
        balancers.set(balancer, points);
        let point = points.get(second);
        if (point === undefined) {
            point = { atS: second + 1, outcomes: {}, p50S: null, p95S: null };
            points.set(second, point);
            if (points.size > WINDOW_S + 60) {
                for (const old of [...points.keys()].filter((one) => one < second - WINDOW_S - 10)) points.delete(old);
            }
        }
        return point;
    }

    return {
        /** @param {Json} event @param {number} count */
        take(event, count) {
            const second = Math.floor(Date.parse(event['time']) / 1000);
            if (second < Date.now() / 1000 - WINDOW_S) return;
            const { outcomes } = pointOf(event['load_balancer'], second);
            const name = outcomeOf(event['elb_status_code'], event['target_status_code']);
            outcomes[name] = (outcomes[name] ?? 0) + count;
        },
        /** @param {Json} pulse */
        pulse(pulse) {
            const second = Math.floor(Date.parse(pulse['time']) / 1000);
            for (const one of pulse['load_balancers']) {
                const point = pointOf(one.load_balancer, second);
                point.p50S = one.p50_s;
                point.p95S = one.p95_s;
            }
        },
        /**
         * The last minutes of one load balancer.
         * @param {string} balancer
         * @returns {{nowS: number, points: ChartPoint[]}}
         */
        series(balancer) {
            const nowS = Date.now() / 1000 - LATE_S;
            const points = [...(balancers.get(balancer) ?? new Map()).values()]
                .filter(({ atS }) => atS > nowS - WINDOW_S && atS <= nowS)
                .sort((one, other) => one.atS - other.atS);
            return { nowS, points };
        },
        /**
         * Fetch the seconds before this page was there.
         * @param {string} balancer
         */
        async fetchPast(balancer) {
            const from = Math.floor(Date.now() / 1000) - WINDOW_S;
            const ask = (/** @type {string} */ name, /** @type {string} */ statistics) =>
                get(
                    `/api/v1/metrics/statistics?MetricName=${name}&LoadBalancer=${encodeURIComponent(balancer)}` +
                        `&Statistics=${statistics}&Period=1&StartTime=${from}`,
                ).then(
                    (answer) => /** @type {Json[]} */ (answer['Datapoints']),
                    () => /** @type {Json[]} */ ([]), // no data yet
                );
            const [latencies, ...counts] = await Promise.all([
                ask('TargetResponseTime', 'p50,p95'),
                ...COUNTS.map(([name]) => ask(String(name), 'Sum')),
            ]);
            counts.forEach((points, index) => {
                const name = String(COUNTS[index]?.[1]);
                for (const one of points) {
                    const second = Math.floor(Date.parse(one['Timestamp']) / 1000);
                    if (second < began) pointOf(balancer, second).outcomes[name] = one['Sum'];
                }
            });
            for (const one of latencies ?? []) {
                const second = Math.floor(Date.parse(one['Timestamp']) / 1000);
                if (second >= began) continue;
                const point = pointOf(balancer, second);
                point.p50S = one['ExtendedStatistics']?.p50 ?? null;
                point.p95S = one['ExtendedStatistics']?.p95 ?? null;
            }
        },
    };
}
