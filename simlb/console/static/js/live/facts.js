// From what the page knows to what the narration decides upon.

/** @import {Json} from '../types.js' */
/** @import {Facts, Failure, TargetFact} from './narration.js' */
/** @import {Store} from './store.js' */
import { events } from '../stream.js';

/** What a check or a request met, as a part of a sentence's name. */
/** @type {Record<string, string>} */
const HOW = {
    'connection refused': 'refused',
    unreachable: 'unreachable',
    'connection timed out': 'silent',
    'connect timed out': 'silent',
    'timed out': 'silent',
    'no response': 'silent',
    'TLS handshake failed': 'tls',
    'TLS handshake timed out': 'tls',
    'connection reset': 'closes',
    'connection closed': 'closes',
    'connection closed without an answer': 'closes',
    'malformed answer': 'malformed',
    'malformed response': 'malformed',
};

/** @param {string | null} text @returns {string} */
export function howOf(text) {
    if (text === null) return 'other';
    const found = Object.entries(HOW).find(([start]) => text.startsWith(start));
    return found === undefined ? 'other' : found[1];
}

/**
 * @param {Store} store
 * @param {string | null} balancer the load balancer that is shown
 * @param {Map<string, number>} waiting clients before closed gates, by listener
 * @returns {Facts}
 */
export function factsOf(store, balancer, waiting) {
    const status = store.status();
    const shown = /** @type {Json[]} */ (status?.['load_balancers'] ?? []).find(({ name }) => name === balancer);
    const used = new Set(
        /** @type {Json[]} */ (shown?.['listeners'] ?? []).flatMap(({ rules }) =>
            rules.flatMap((/** @type {Json} */ rule) => rule['target_groups']),
        ),
    );
    const groups = /** @type {Json[]} */ (status?.['target_groups'] ?? []).filter(({ name }) => used.has(name));
    const recent = store.recent().filter((one) => one.balancer === balancer);
    const pulse = store.pulse();
    const figures = /** @type {Json[]} */ (pulse?.['load_balancers'] ?? []).find(
        ({ load_balancer }) => load_balancer === balancer,
    );
    return {
        isOpen: events.isOpen() || pulse === null,
        hasBalancer: shown !== undefined || status === null,
        perSecond: figures?.['per_second'] ?? 0,
        requests: sinceFirstFailure(recent),
        failures: failuresOf(recent, store.nowS()),
        targets: groups.flatMap((group) =>
            group['targets'].map((/** @type {Json} */ one) => targetOf(store, group, one)),
        ),
        modes: Object.fromEntries(groups.map(({ name, mode }) => [name, mode])),
        gates: /** @type {Json[]} */ (shown?.['listeners'] ?? [])
            .filter(({ gate }) => gate === 'closed')
            .map(({ port }) => ({
                port,
                waiting: waiting.get(`${balancer}|${port}`) ?? 0,
                isUsed: recent.some(({ listener }) => listener === `${balancer}|${port}`),
            })),
    };
}

/** @param {import('./store.js').Recent} one */
function hasFailed(one) {
    return one.targetStatus >= 500 || one.elb >= 500;
}

/** How many requests there were from the first failure on: the share is of those, not of the time before.
 * @param {import('./store.js').Recent[]} recent */
function sinceFirstFailure(recent) {
    const first = Math.min(...recent.filter(hasFailed).map(({ realS }) => realS));
    return recent
        .filter(({ realS }) => realS >= first || first === Infinity)
        .reduce((sum, { count }) => sum + count, 0);
}

/** @param {import('./store.js').Recent[]} recent @param {number} nowS @returns {Failure[]} */
function failuresOf(recent, nowS) {
    /** @type {Map<string, Failure>} */
    const found = new Map();
    for (const one of recent) {
        const isTargets = one.targetStatus >= 500;
        if (!hasFailed(one)) continue;
        const key = `${isTargets}|${one.elb}|${one.target}`;
        const failure = found.get(key) ?? {
            by: isTargets ? /** @type {const} */ ('target') : /** @type {const} */ ('elb'),
            code: one.elb,
            target: one.target === null ? null : one.target.slice(one.target.indexOf('|') + 1),
            group: one.group,
            how: 'other',
            count: 0,
            lastAgoS: 0,
        };
        failure.count += one.count;
        failure.lastAgoS = Math.max(0, nowS - one.realS);
        if (one.failure !== null) failure.how = howOf(one.failure);
        if (one.elb === 504) failure.how = 'silent';
        found.set(key, failure);
    }
    return [...found.values()];
}

/** @param {Store} store @param {Json} group @param {Json} one @returns {TargetFact} */
function targetOf(store, group, one) {
    const id = `${group['name']}|${one['name']}`;
    const pulse = store.pulse();
    const live = /** @type {Json[]} */ (pulse?.['targets'] ?? []).find(
        (each) => each['target_group'] === group['name'] && each['target'] === one['name'],
    );
    const change = store.changes.get(id);
    const speed = Number(store.status()?.['speed'] ?? 1) || 1;
    const nextS = live?.['next_check_in_s'] ?? null;
    return {
        name: one['name'],
        group: group['name'],
        // A change of state is told at once, a pulse within a second.
        state: stateOf(live, change, pulse) ?? one['state'],
        reason: live?.['reason'] ?? one['reason'],
        failures: live?.['failures'] ?? 0,
        passes: live?.['passes'] ?? 0,
        unhealthyAfter: group['health_check'].unhealthy_threshold_count,
        healthyAfter: group['health_check'].healthy_threshold_count,
        nextCheckInS: nextS === null ? null : Math.max(0, nextS - store.sincePulseS() * speed),
        how: live?.['check_outcome'] === 'answered' ? 'status' : howOf(live?.['check_outcome'] ?? null),
        faults: one['faults'],
        inFlight: live?.['in_flight'] ?? one['in_flight'],
        isKilled: store.exits.has(one['name']) && one['pid'] === null && one['process'] !== null,
        changedAgoS:
            change === undefined || change['previous_state'] === 'initial' ? null : store.nowS() - change['real_s'],
        blamed: store.blamed.get(id) ?? null,
    };
}

/** @param {Json | undefined} live @param {Json | undefined} change @param {Json | null} pulse @returns {string | null} */
function stateOf(live, change, pulse) {
    if (live === undefined) return null;
    return change !== undefined && pulse !== null && change['real_s'] > pulse['real_s']
        ? change['state']
        : live['state'];
}
