// The map of a run at any moment, made of its tale and of what its scenario is known to consist of. Pure.

/** @import {GroupScene, Json, ListenerScene, Scene, TargetScene} from '../types.js' */
/** @import {Change, Fault, Tale} from './tale.js' */
import { faultsAt, lastIndex, ratesAt } from './moment.js';

/**
 * What the map shows.
 * @param {Tale} tale
 * @param {Json | null} topology of the scenario, as `GET /api/v1/scenarios/{id}` has it; null: what the journal tells
 * @param {number} at
 * @param {{check: (values: Json) => string, none: string}} words
 * @returns {Scene}
 */
export function sceneAt(tale, topology, at, words) {
    const faults = faultsAt(tale, at);
    const rates = ratesAt(tale, at);
    const inFlight = tale.samples[lastIndex(tale.samples, at)]?.inFlight ?? {};
    const shape = topology ?? shapeOf(tale);
    const groups = /** @type {Json[]} */ (shape['target_groups']).map((group) => {
        const targets = /** @type {string[]} */ (group['targets']).map((name) =>
            targetOf(tale, group['name'], name, at, faults, rates.byPlace, inFlight, words.none),
        );
        return groupOf(tale, group, targets, at, words.check);
    });
    const waiting = waitingAt(tale, at);
    return {
        loadBalancers: /** @type {Json[]} */ (shape['load_balancers']).map((balancer, index) => ({
            id: balancer['name'],
            name: balancer['name'],
            rate: index === 0 ? rates.all : 0,
            listeners: /** @type {Json[]} */ (balancer['listeners']).map((listener) =>
                listenerOf(balancer['name'], listener, faults, waiting),
            ),
        })),
        groups,
    };
}

/** Clients that wait before a closed gate: as many as have given up within the time that they wait. What becomes of those
 * that wait now is not known yet. @param {Tale} tale @param {number} at */
function waitingAt(tale, at) {
    const { at: times, error, waited } = tale.unanswered;
    const patienceS = waited[lastIndex(times, at)] ?? 0;
    let count = 0;
    for (let index = lastIndex(times, at); index >= 0 && Number(times[index]) > at - patienceS; index -= 1) {
        if (error[index] === 'connect_timeout') count += 1;
    }
    return count;
}

/** @param {string} balancer @param {Json} one @param {Fault[]} faults @param {number} waiting @returns {ListenerScene} */
function listenerOf(balancer, one, faults, waiting) {
    const mine = faults.filter(({ on }) => on.includes(String(one['port'])));
    const isClosed = mine.some(({ fault }) => fault === 'gate.close');
    return {
        id: `${balancer}|${one['port']}`,
        protocol: one['protocol'],
        port: one['port'],
        gate: isClosed ? 'closed' : 'open',
        isSecure: one['protocol'] === 'HTTPS',
        note: mine
            .filter(({ fault }) => fault !== 'gate.close')
            .map(({ fault }) => fault)
            .join(', '),
        waiting: isClosed ? waiting : 0,
        rules: /** @type {Json[]} */ (one['rules']).map((rule) => ({
            priority: rule['priority'] ?? 'default',
            text: [rule['action'], ...rule['target_groups']].join(' '),
            groups: rule['target_groups'],
        })),
    };
}

/** @param {Tale} tale @param {Json} group @param {TargetScene[]} targets @param {number} at
 * @param {(values: Json) => string} check @returns {GroupScene} */
function groupOf(tale, group, targets, at, check) {
    const values = { ...group['health_check'] };
    let algorithm = group['algorithm'];
    for (const setting of tale.settings) {
        if (setting.at > at || setting.group !== group['name']) continue;
        values['path'] = setting.values['path'] ?? values['path'];
        algorithm = setting.values['load_balancing.algorithm.type'] ?? algorithm;
    }
    const present = targets.filter(({ state }) => state !== 'unused');
    /** @param {string} state */
    const some = (state) => present.some((target) => target.state === state);
    const mode =
        present.length === 0 ? 'no_targets' : some('healthy') ? 'healthy' : some('initial') ? 'initial' : 'fail_open';
    return {
        id: group['name'],
        name: group['name'],
        algorithm: algorithm.replaceAll('_', ' '),
        check: check({ ...tale.meta?.['variables'], ...values }),
        mode,
        targets,
    };
}

/** @param {Tale} tale @param {string} group @param {string} name @param {number} at @param {Fault[]} faults
 * @param {Map<string, number>} rates @param {Record<string, number>} inFlight @param {string} none @returns {TargetScene} */
function targetOf(tale, group, name, at, faults, rates, inFlight, none) {
    const id = `${group}|${name}`;
    const changes = tale.changes.get(id) ?? [];
    /** @type {Change | undefined} */
    const change = changes[lastIndex(changes, at)];
    return {
        id,
        name,
        zone: null,
        state: change?.state ?? 'unused',
        reason: change?.reason ?? null,
        lastCheck: change?.evidence || none,
        nextCheckInS: null,
        rate: rates.get(id) ?? 0,
        p95S: null,
        inFlight: inFlight[name] ?? 0,
        failing: null,
        faults: faults.filter(({ on }) => on.includes(name)).map(({ fault }) => fault),
    };
}

/** For a scenario that is not on the shelf any more: what its journal names. @param {Tale} tale @returns {Json} */
function shapeOf(tale) {
    const groups = Object.entries(/** @type {Record<string, string[]>} */ (tale.meta?.['groups'] ?? {}));
    const names = groups.map(([name]) => name);
    const ports = [...new Set(tale.places.map(({ port }) => port))];
    const balancer = tale.places[0]?.balancer || 'my-alb';
    const rules = [{ priority: 'default', action: 'forward', target_groups: names }];
    return {
        load_balancers: [
            {
                name: balancer,
                listeners: (ports.length === 0 ? [80] : ports).map((port) => ({ protocol: 'HTTP', port, rules })),
            },
        ],
        target_groups: groups.map(([name, targets]) => ({
            name,
            targets,
            algorithm: 'round_robin',
            health_check: {},
        })),
    };
}
