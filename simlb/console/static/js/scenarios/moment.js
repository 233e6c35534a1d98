// How everything stood at any moment of a run, made of its tale: the sentence, the question, figures, requests on their way. Pure.

/** @import {Item} from '../types.js' */
/** @import {Fault, Question, Tale, Told} from './tale.js' */

import { unanswered } from '../live/unanswered.js';

/** Load-balancer seconds over which rates are counted; at a high speed at least a real one. */
const RATE_S = 5;
/** How long an answer stays in sight, in real seconds. */
const REVEALED_S = 6;

/**
 * The last entry that is not later than a moment; -1 for none.
 * @param {{at: number}[] | number[]} list in the order of time
 * @param {number} at
 */
export function lastIndex(list, at) {
    let [low, high] = [0, list.length];
    while (low < high) {
        const middle = (low + high) >> 1;
        const entry = list[middle];
        const entryAt = typeof entry === 'number' ? entry : (entry?.at ?? Infinity);
        if (entryAt <= at) low = middle + 1;
        else high = middle;
    }
    return low - 1;
}

/** @param {Tale} tale @param {number} at @returns {Told | null} the sentence that is to be read */
export function sentenceAt(tale, at) {
    return tale.says[lastIndex(tale.says, at)] ?? null;
}

/**
 * The question that is open, or was just answered.
 * @param {Tale} tale
 * @param {number} at
 * @returns {Question | null}
 */
export function questionAt(tale, at) {
    const question = tale.questions[lastIndex(tale.questions, at)];
    if (question === undefined) return null;
    if (question.answeredAt === null) return question;
    const isRecent = question.answeredAt + REVEALED_S * tale.speed > at;
    return isRecent && partAt(tale, at) !== 'over' ? question : null;
}

/** @param {Tale} tale @param {number} at @returns {boolean} whether the story stood still */
export function isStillAt(tale, at) {
    return tale.stills.some(({ from, to }) => from <= at && at < to);
}

/** Where a run was: `starting`, `told`, `ending` or `over`. @param {Tale} tale @param {number} at */
export function partAt(tale, at) {
    if (tale.end !== null && at >= tale.end.at) return 'over';
    if (tale.endAt !== null && at >= tale.endAt) return 'ending';
    return tale.startAt !== null && at >= tale.startAt ? 'told' : 'starting';
}

/** @param {Tale} tale @param {number} at @returns {Fault[]} */
export function faultsAt(tale, at) {
    return tale.faults.filter((fault) => fault.at <= at && at < fault.healedAt);
}

/** How many seconds of load-balancer time a rate is counted over. @param {Tale} tale */
export function rateWindow(tale) {
    return Math.max(RATE_S, tale.speed);
}

/**
 * Requests a second by target, and of all, just before a moment.
 * @param {Tale} tale
 * @param {number} at
 * @returns {{all: number, byPlace: Map<string, number>}} targets by `group|target`
 */
export function ratesAt(tale, at) {
    const windowS = rateWindow(tale);
    /** @type {Map<string, number>} */
    const byPlace = new Map();
    const { at: times, place } = tale.requests;
    let count = 0;
    for (let index = lastIndex(times, at); index >= 0 && Number(times[index]) > at - windowS; index -= 1) {
        const where = tale.places[Number(place[index])];
        count += 1;
        if (where === undefined || where.target === null) continue;
        const key = `${where.group}|${where.target}`;
        byPlace.set(key, (byPlace.get(key) ?? 0) + 1);
    }
    for (const [key, value] of byPlace) byPlace.set(key, value / windowS);
    return { all: count / windowS, byPlace };
}

/**
 * The requests that ended between two moments, as the map sends them.
 * @param {Tale} tale
 * @param {number} from excluded
 * @param {number} to included
 * @param {(at: number) => number} clock when a moment is to be seen, of performance.now()
 * @param {Map<string, string>} listenerOfLoad which listener a load's requests are for
 * @returns {Item[]}
 */
export function itemsBetween(tale, from, to, clock, listenerOfLoad) {
    /** @type {Item[]} */
    const items = [];
    const { at, elb, target, place } = tale.requests;
    for (let index = lastIndex(at, from) + 1; index < at.length && Number(at[index]) <= to; index += 1) {
        const where = tale.places[Number(place[index])];
        if (where === undefined) continue;
        items.push({
            atMs: clock(Number(at[index])),
            listener: `${where.balancer}|${where.port}`,
            rule: 'default',
            group: where.group,
            target: where.target === null ? null : `${where.group}|${where.target}`,
            elb: Number(elb[index]),
            targetStatus: Number(target[index]),
            count: 1,
        });
    }
    const lost = tale.unanswered;
    for (let index = lastIndex(lost.at, from) + 1; index < lost.at.length && Number(lost.at[index]) <= to; index += 1) {
        const listener = listenerOfLoad.get(String(lost.load[index]));
        if (listener === undefined) continue;
        const isHeld = lost.error[index] === 'connect_timeout';
        const atMs = clock(Number(lost.at[index]));
        items.push(unanswered(listener, atMs, isHeld));
    }
    return items;
}
