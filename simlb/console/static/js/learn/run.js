// Makes the course's calls, one after the other, and tells what came of each.

/** @import {Outcome, StepCall} from './types.js' */
/** @import {Store} from './store.js' */

import { ApiError, post } from '../api.js';
import { AwsError, call as ask, look } from '../aws.js';
import { values, within } from './places.js';

/** An instance that is about to stop cannot be started yet. */
const PASSES = new Set(['IncorrectInstanceState']);
const ATTEMPTS = 20;
const PAUSE_MS = 500;
/** After these the next call is made. */
const GOES_ON = new Set(['made', 'expected', 'gone', 'there']);

/**
 * The calls that are made with the fields as they are.
 * @param {Store} store @param {number} step @param {StepCall[]} calls
 * @returns {StepCall[]}
 */
export function wanted(store, step, calls) {
    const scope = store.scope(step);
    return calls.filter(
        ({ when }) => when === undefined || [scope.field(step, when.field)].flat().map(String).includes(when.is),
    );
}

/**
 * Saved names that the calls need and that neither exist nor come from one of them.
 * @param {Store} store @param {number} step @param {StepCall[]} calls
 * @returns {string[]}
 */
export function missing(store, step, calls) {
    /** @type {Set<string>} */
    const made = new Set();
    /** @type {Set<string>} */
    const found = new Set();
    for (const call of wanted(store, step, calls)) {
        const names = removes(call) ? [] : values(call.parameters ?? {}, store.scope(step)).missing;
        for (const name of names) if (!made.has(name)) found.add(name);
        for (const name of Object.keys(call.save ?? {})) made.add(name);
    }
    return [...found];
}

/**
 * Makes them. An error that a call does not expect ends it.
 * @param {Store} store @param {number} step @param {StepCall[]} calls
 * @param {(outcome: Outcome) => void} [tell] called after each
 * @param {typeof ask} [asks] `look` where the page asks for itself
 * @returns {Promise<Outcome[]>}
 */
export async function run(store, step, calls, tell, asks = ask) {
    const outcomes = [];
    store.running += 1;
    store.now = Date.now();
    try {
        for (const call of wanted(store, step, calls)) {
            const outcome = await patiently(() => one(store, step, call, asks));
            outcomes.push(outcome);
            tell?.(outcome);
            if (!GOES_ON.has(outcome.kind)) break;
        }
    } finally {
        store.running -= 1;
    }
    return outcomes;
}

/** Again, while it is refused for what passes by itself. @param {() => Promise<Outcome>} attempt */
async function patiently(attempt) {
    let outcome = await attempt();
    for (let again = 0; again < ATTEMPTS && PASSES.has(outcome.code ?? ''); again += 1) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        outcome = await attempt();
    }
    return outcome;
}

/**
 * @param {Store} store
 * @param {number} step
 * @param {StepCall} call
 * @param {typeof ask} asks
 * @returns {Promise<Outcome>}
 */
async function one(store, step, call, asks) {
    const scope = store.scope(step);
    const { value, missing: names } = values(call.parameters ?? {}, scope);
    if (names.length > 0) return { call, kind: removes(call) ? 'gone' : 'missing', missing: names };
    try {
        if (await wouldDouble(store, call, value)) return { call, kind: 'there' };
        const result = await made(asks, call, value, values(call.region ?? store.region, scope).value);
        for (const [name, path] of Object.entries(call.save ?? {})) store.saved[name] = within(result, path);
        return { call, kind: 'made', result };
    } catch (error) {
        if (error instanceof AwsError) {
            return { call, kind: kindOf(store, call, error.code), code: error.code, message: error.message };
        }
        if (error instanceof ApiError)
            return { call, kind: 'refused', code: `SIMLB-${error.code}`, message: error.message };
        if (error instanceof TypeError) return { call, kind: 'unreachable' };
        throw error;
    }
}

/** @param {typeof ask} asks @param {StepCall} call @param {any} parameters @param {string} region */
function made(asks, call, parameters, region) {
    if (call.service === 'client') {
        return post('/api/v1/learn/request', { url: parameters.Url, count: Number(parameters.Count ?? 1) });
    }
    return asks(/** @type {any} */ (call.service), region, call.operation, parameters);
}

/**
 * What a refusal means for the calls after it. What is there already, made in a terminal perhaps, is as good as made.
 * @param {Store} store
 * @param {StepCall} call
 * @param {string} code
 * @returns {Outcome['kind']}
 */
function kindOf(store, call, code) {
    if (call.fails === '*' || call.fails === code) return 'expected';
    const isThere = Object.keys(call.save ?? {}).every((name) => store.saved[name] !== undefined);
    return /Duplicate/.test(code) && isThere ? 'there' : 'refused';
}

/**
 * Whether there would be two of it: AWS makes as many zones and certificates for a name as one asks for.
 * @param {Store} store
 * @param {StepCall} call
 * @param {any} parameters
 */
async function wouldDouble(store, call, parameters) {
    const ids = Object.keys(call.save ?? {}).map((name) => store.saved[name]);
    if (ids.length === 0 || ids.some((id) => id === undefined)) return false;
    if (call.operation === 'RequestCertificate') return true;
    if (call.operation !== 'CreateHostedZone') return false;
    const { HostedZones } = await look('route53', store.region, 'ListHostedZones');
    const found = HostedZones.find((/** @type {any} */ zone) => zone.Id === ids[0]);
    return found !== undefined && found.Name.replace(/\.$/, '') === parameters.Name;
}

/** Whether it takes something away: where that is not there, nothing is missing. @param {StepCall} call */
function removes(call) {
    return (
        /^(Delete|Deregister)/.test(call.operation) ||
        JSON.stringify(call.parameters ?? {}).includes('"Action":"DELETE"')
    );
}

/** What a step's fields offer. @param {Store} store @param {import('./types.js').Step} step */
export function prepare(store, step) {
    return run(store, step.number, step.prepare ?? [], undefined, look);
}
