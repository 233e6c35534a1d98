// What is going on right now in one sentence, and who is responsible; below it what comes next. This module only decides
// which sentence: it knows neither the page nor the words.

/**
 * @typedef {{name: string, group: string, state: string, reason: string | null, failures: number, passes: number,
 *   unhealthyAfter: number, healthyAfter: number, nextCheckInS: number | null, how: string, faults: string[],
 *   isKilled: boolean, inFlight: number, changedAgoS: number | null, blamed: {count: number, code: number} | null}} TargetFact
 *   `how`: what is wrong with it, as a part of a key: `refused`, `silent`, `status` ...; `changedAgoS` real seconds.
 * @typedef {{by: 'elb' | 'target', code: number, target: string | null, group: string | null, how: string, count: number,
 *   lastAgoS: number}} Failure
 * @typedef {{isOpen: boolean, hasBalancer: boolean, perSecond: number, requests: number, failures: Failure[],
 *   targets: TargetFact[], modes: Record<string, string>, gates: {port: number, waiting: number, isUsed: boolean}[]}} Facts Closed `gates`; `isUsed`: requests still come through.
 * `requests` and
 *   `failures` are of the last seconds; `modes` of target groups by name.
 * @typedef {{tone: 'good' | 'bad' | 'warn' | 'info', key: string, values: Record<string, any>, next: string | null}} Saying
 *   `key` and `next` are endings of sentences' names; values that are seconds of the load balancer's end in `_s`.
 */

/** A target that came back is news for so many real seconds. */
const NEWS_S = 12;
const FEW = 0.001;
const OVER_S = 1;
/** More requests than these in flight at a target that is in trouble wait for it. */
const WAITING = 3;

/**
 * @param {Facts} facts
 * @returns {Saying}
 */
export function narrate(facts) {
    if (!facts.isOpen) return say('bad', 'lost');
    if (!facts.hasBalancer) return say('info', 'no_balancer', {}, 'no_balancer');
    const held = facts.gates.find(({ waiting }) => waiting > 0);
    if (held !== undefined) return say('bad', 'gate', { port: held.port, count: held.waiting }, 'gate');
    const shut = facts.gates.find(({ isUsed }) => isUsed);
    const found = failing(facts);
    if (found === null && shut !== undefined) return say('warn', 'gate_kept', { port: shut.port }, 'gate_kept');
    return found ?? quiet(facts);
}

/** @param {Facts} facts @returns {Saying | null} */
function failing(facts) {
    const goingOn = facts.failures.filter((one) => !isOver(one, facts));
    const worst = [...goingOn].sort((one, other) => other.count - one.count)[0];
    if (worst === undefined || worst.count / Math.max(1, facts.requests) < FEW) return null;
    const alike = goingOn.filter(({ by, code }) => by === worst.by && code === worst.code);
    const count = alike.reduce((sum, one) => sum + one.count, 0);
    const names = [...new Set(alike.flatMap(({ target }) => (target === null ? [] : [target])))];
    const values = {
        code: worst.code,
        share: shareOf(count, facts.requests),
        target: names.join(', '),
        group: worst.group ?? '',
    };
    if (worst.target === null) {
        return say('bad', worst.code === 503 ? 'no_target' : 'elb', values, worst.code === 503 ? 'no_target' : null);
    }
    if (worst.by === 'target') return say('bad', 'target_error', values, 'target_error');
    const target = facts.targets.find(({ name, group }) => name === worst.target && group === worst.group);
    const how = target !== undefined && target.isKilled && names.length === 1 ? 'killed' : worst.how;
    const key = names.length > 1 ? 'several' : `breaks_${how}`;
    if (target === undefined) return say('bad', key, values);
    if (target.state === 'healthy' || target.state === 'initial') {
        return say('bad', key, { ...values, ...counting(target) }, target.nextCheckInS === null ? null : 'leaving');
    }
    const mode = facts.modes[target.group];
    return say('bad', key, { ...values, ...counting(target) }, mode === 'fail_open' ? 'fail_open' : 'leaving_now');
}

/** A target that is out gets nothing more: what it failed a moment ago is no news any more.
 * @param {Failure} failure @param {Facts} facts */
function isOver({ target, group, lastAgoS }, { targets, modes }) {
    const found = targets.find((one) => one.name === target && one.group === group);
    return found?.state === 'unhealthy' && modes[found.group] !== 'fail_open' && lastAgoS > OVER_S;
}

/** @param {Facts} facts @returns {Saying} */
function quiet(facts) {
    const open = Object.entries(facts.modes).find(([, mode]) => mode === 'fail_open');
    if (open !== undefined) return say('warn', 'fail_open', { group: open[0] }, 'fail_open');
    const out = facts.targets.filter(({ state }) => state === 'unhealthy');
    const well = facts.targets.filter(({ state }) => state === 'healthy');
    const [first] = out;
    if (first !== undefined && out.length > 1) {
        return say('warn', 'several_out', { target: out.map(({ name }) => name).join(', '), well: well.length }, null);
    }
    if (first !== undefined) {
        const values = { target: first.name, well: well.length, ...counting(first), ...(first.blamed ?? {}) };
        const how = first.passes > 0 ? 'returning' : first.isKilled ? 'killed' : first.how;
        return say('warn', `out_${how}`, values, first.blamed !== null ? 'back_blamed' : 'back');
    }
    const hung = facts.targets.find(
        ({ inFlight, failures, how, faults }) =>
            inFlight > WAITING && (faults.length > 0 || (failures > 0 && how === 'silent')),
    );
    if (hung !== undefined) {
        return say(
            'warn',
            'waiting',
            { target: hung.name, count: hung.inFlight, ...counting(hung) },
            hung.failures > 0 ? 'leaving' : null,
        );
    }
    const shaky = facts.targets.find(({ state, failures }) => state === 'healthy' && failures > 0);
    if (shaky !== undefined) {
        return say(
            'warn',
            'shaky',
            { target: shaky.name, ...counting(shaky) },
            shaky.nextCheckInS === null ? null : 'leaving',
        );
    }
    const draining = facts.targets.find(({ state }) => state === 'draining');
    if (draining !== undefined) return say('info', 'draining', { target: draining.name });
    const back = facts.targets.find(
        ({ state, changedAgoS }) => state === 'healthy' && changedAgoS !== null && changedAgoS < NEWS_S,
    );
    const faulty = facts.targets.find(({ faults }) => faults.length > 0);
    if (faulty !== undefined) return say('warn', 'faulty', { target: faulty.name, fault: faulty.faults[0] ?? '' });
    if (back !== undefined && facts.perSecond > 0 && well.length > 1) {
        return say('good', 'back', { target: back.name, passes: back.healthyAfter, well: well.length });
    }
    const values = { well: well.length, rate: Math.round(facts.perSecond) };
    if (facts.targets.some(({ state }) => state === 'initial')) return say('info', 'initial', values);
    if (facts.targets.length === 0) return say('info', 'no_targets', values);
    if (facts.perSecond <= 0) return say('info', 'idle', values, 'idle');
    return say('good', well.length === 1 ? 'well_one' : 'well', values, 'well');
}

/** @param {TargetFact} target */
function counting({ failures, passes, unhealthyAfter, healthyAfter, nextCheckInS }) {
    return { failures, passes, unhealthy: unhealthyAfter, healthy: healthyAfter, next_s: nextCheckInS ?? 0 };
}

/** @param {number} count @param {number} of @returns {string} `34 %`, `100 %`, `< 1 %` */
function shareOf(count, of) {
    const share = (100 * count) / Math.max(count, of, 1);
    return share < 1 ? '< 1 %' : `${Math.round(share)} %`;
}

/** @param {Saying['tone']} tone @param {string} key @param {Record<string, any>} [values] @param {string | null} [next]
 * @returns {Saying} */
function say(tone, key, values = {}, next = null) {
    return { tone, key, values, next };
}
