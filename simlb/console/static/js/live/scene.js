// From what the control port tells - the status, and a pulse every second - to what the map draws.

/** @import {GroupScene, Json, ListenerScene, LoadBalancerScene, Scene, TargetScene} from '../types.js' */
import { t } from '../words.js';
import { bothTimes, milliseconds } from './figures.js';

/**
 * @typedef {{balancer: string | null, isProblemsOnly: boolean, waiting: Map<string, number>, sincePulseS: number}} View
 *   Which load balancer is shown, clients before closed gates by listener, and how old the pulse is.
 */

/**
 * @param {Json} status of `GET /api/v1/status`
 * @param {Json | null} pulse the last one
 * @param {View} view
 * @returns {Scene}
 */
export function sceneOf(status, pulse, { balancer, isProblemsOnly, waiting, sincePulseS }) {
    const pulses = new Map(
        /** @type {Json[]} */ (pulse?.targets ?? []).map((one) => [`${one.target_group}|${one.target}`, one]),
    );
    const speed = Number(status.speed);
    const loadBalancers = /** @type {Json[]} */ (status.load_balancers)
        .filter(({ name }) => name === balancer)
        .map((one) => balancerOf(one, pulse, waiting));
    const used = new Set(
        loadBalancers.flatMap((one) => one.listeners.flatMap(({ rules }) => rules.flatMap((rule) => rule.groups))),
    );
    const groups = /** @type {Json[]} */ (status.target_groups)
        .filter(({ name }) => used.has(name))
        .map((group) => groupOf(group, pulses, speed, sincePulseS * (speed || 1)));
    return { loadBalancers, groups: isProblemsOnly ? groups.map(troubled).filter(hasTrouble) : groups };
}

/** @param {Json} one @param {Json | null} pulse @param {Map<string, number>} waiting @returns {LoadBalancerScene} */
function balancerOf(one, pulse, waiting) {
    const figures = /** @type {Json[]} */ (pulse?.load_balancers ?? []).find(
        ({ load_balancer }) => load_balancer === one.name,
    );
    return {
        id: one.name,
        name: one.name,
        rate: figures?.per_second ?? 0,
        listeners: /** @type {Json[]} */ (one.listeners).map((listener) => listenerOf(one.name, listener, waiting)),
    };
}

/** @param {string} name @param {Json} one @param {Map<string, number>} waiting @returns {ListenerScene} */
function listenerOf(name, one, waiting) {
    const id = `${name}|${one.port}`;
    return {
        id,
        protocol: one.protocol,
        port: one.port,
        gate: one.gate,
        isSecure: one.protocol === 'HTTPS',
        note: one.faults.join(', '),
        waiting: waiting.get(id) ?? 0,
        rules: /** @type {Json[]} */ (one.rules).map((rule) => ({
            priority: rule.priority,
            text: [rule.conditions.join(' & '), rule.action].filter(Boolean).join(' → '),
            groups: rule.target_groups,
        })),
    };
}

/** @param {Json} group @param {Map<string, Json>} pulses @param {number} speed @param {number} agoS @returns {GroupScene} */
function groupOf(group, pulses, speed, agoS) {
    const check = group.health_check;
    return {
        id: group.name,
        name: group.name,
        algorithm: group.algorithm.replaceAll('_', ' '),
        check: t('live.check.group', {
            path: check.path,
            interval: bothTimes(check.interval_s, speed),
            unhealthy: check.unhealthy_threshold_count,
            healthy: check.healthy_threshold_count,
        }),
        mode: group.mode,
        targets: /** @type {Json[]} */ (group.targets).map((one) =>
            targetOf(group, one, pulses.get(`${group.name}|${one.name}`), speed, agoS),
        ),
    };
}

/** @param {Json} group @param {Json} one @param {Json | undefined} pulse @param {number} speed @param {number} agoS @returns {TargetScene} */
function targetOf(group, one, pulse, speed, agoS) {
    const state = pulse?.state ?? one.state;
    const check = group.health_check;
    const isFailing = (state === 'healthy' || state === 'initial') && (pulse?.failures ?? 0) > 0;
    const next = pulse?.next_check_in_s ?? null;
    return {
        id: `${group.name}|${one.name}`,
        name: one.name,
        zone: null,
        state,
        reason: pulse === undefined ? one.reason : pulse.reason,
        lastCheck: pulse === undefined ? one.last_check : checkWords(pulse, check),
        nextCheckInS: next === null ? null : Math.max(0, next - agoS),
        nextCheckHereS: next === null || speed === 1 || speed <= 0 ? null : Math.max(0, next - agoS) / speed,
        rate: pulse?.per_second ?? 0,
        p95S: pulse?.p95_s ?? null,
        inFlight: pulse?.in_flight ?? one.in_flight,
        failing: isFailing ? `${pulse?.failures}/${check.unhealthy_threshold_count}` : null,
        faults: one.faults,
    };
}

/**
 * What the last check met, and how far an unhealthy target is on its way back.
 * @param {Json} pulse of a target
 * @param {Json} check the group's health check
 */
export function checkWords(pulse, check) {
    const outcome = pulse.check_outcome;
    if (outcome === null || outcome === undefined) return t('live.check.none');
    const words =
        pulse.check_status_code === null
            ? t(`live.check.${outcome.replaceAll(' ', '_')}`)
            : t('live.check.answered', { code: pulse.check_status_code, ms: milliseconds(pulse.check_latency_s) });
    if (pulse.state !== 'unhealthy') return words;
    return t('live.check.passes', { words, count: pulse.passes, of: check.healthy_threshold_count });
}

/** @param {GroupScene} group with only the targets that something is wrong with */
function troubled(group) {
    return {
        ...group,
        targets: group.targets.filter(
            (one) => one.state !== 'healthy' || one.failing !== null || one.faults.length > 0,
        ),
    };
}

/** @param {GroupScene} group */
function hasTrouble(group) {
    return group.targets.length > 0 || group.mode !== 'healthy';
}
