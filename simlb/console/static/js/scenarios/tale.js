// A run's journal as it is read, line by line, in a form from which every moment of the run can be shown again quickly.
// Requests are columns of numbers, since there may be a hundred thousand of them; what the story is about are objects.

/** @import {Both, Json} from '../types.js' */
import { insert, TAKERS } from './records.js';

const ERRORS_MAX = 20_000;

/**
 * @typedef {{at: number, number: number, code: string, made: 'elb' | 'target' | 'client', method: string, path: string,
 *   target: string | null, port: number | null, failure: string | null}} Failure A request that went wrong.
 * @typedef {{at: number, question: Both, choices: Both[], answer: number, explanation: Both | null,
 *   answeredAt: number | null, chosen: number | null, isRight: boolean}} Question
 * @typedef {{at: number, group: string, target: string, state: string, reason: string | null, evidence: string}} Change
 * @typedef {{id: string, fault: string, on: string[], at: number, healedAt: number}} Fault `healedAt` Infinity: not yet.
 * @typedef {{at: number, id: string, title: Both | null, passed: boolean, seen: Both, expected: Both | null,
 *   lines: number[], isFinal: boolean}} Verdict
 * @typedef {{from: number, to: number}} Still A time in which the story stood still. `to` Infinity: it still does.
 * @typedef {{at: number, kind: string, words: Both, isBad: boolean}} Told A line of the story.
 * @typedef {{latencies: number[], outcomes: Record<string, number>, counted: number, p50S: number | null,
 *   p95S: number | null}} Second `counted`: of how many latencies the percentiles are.
 */

export class Tale {
    constructor() {
        /** @type {Json | null} */
        this.meta = null;
        this.lines = 0;
        this.lastAt = 0;
        /** @type {number | null} */
        this.startAt = null;
        /** @type {number | null} */
        this.endAt = null;
        /** @type {Told[]} */
        this.says = [];
        /** @type {Question[]} */
        this.questions = [];
        /** @type {Still[]} */
        this.stills = [];
        /** @type {Fault[]} */
        this.faults = [];
        /** @type {Map<string, Change[]>} by `group|target` */
        this.changes = new Map();
        /** @type {{at: number, group: string, values: Json}[]} */
        this.settings = [];
        /** @type {{at: number, inFlight: Record<string, number>}[]} */
        this.samples = [];
        /** @type {{at: number, step: number}[]} */
        this.steps = [];
        /** @type {Verdict[]} */
        this.verdicts = [];
        /** @type {{at: number, isSteady: boolean, seen: string[]} | null} */
        this.steady = null;
        /** @type {Told[]} what is worth a mark: faults, changes, states that changed, warnings, what was missed */
        this.marks = [];
        /** @type {Failure[]} */
        this.failures = [];
        /** How many there were, even where not all are kept. */
        this.failureCount = 0;
        /** @type {{at: number, outcome: string, why: string} | null} */
        this.end = null;
        /** By the time of their end: status of the load balancer, of the target (0: none), and where they went, in `places`.
         * @type {{at: number[], elb: number[], target: number[], place: number[]}} */
        this.requests = { at: [], elb: [], target: [], place: [] };
        /** @type {{balancer: string, port: number, group: string | null, target: string | null}[]} */
        this.places = [];
        /** @type {Map<string, number>} */
        this.placeNumbers = new Map();
        /** @type {{at: number[], load: string[], error: string[], waited: number[]}} clients that got no answer */
        this.unanswered = { at: [], load: [], error: [], waited: [] };
        /** @type {(Second | undefined)[]} by the second of load-balancer time */
        this.seconds = [];
        this.isAsking = false;
        this.isPaused = false;
    }

    get speed() {
        return Number(this.meta?.['speed'] ?? 1);
    }

    /**
     * One more line. Throws a SyntaxError for what is no record, which `line` of the message tells.
     * @param {string} line
     */
    add(line) {
        const record = parsed(line, this.lines + 1);
        this.lines += 1;
        if (this.lines === 1 && record['type'] !== 'meta') throw new SyntaxError('1');
        this.lastAt = Math.max(this.lastAt, record['at_s']);
        TAKERS[record['type']]?.(this, record);
    }

    /** @param {number} at @returns {Second} */
    second(at) {
        const place = Math.max(0, Math.floor(at));
        const found = this.seconds[place];
        if (found !== undefined) return found;
        /** @type {Second} */
        const made = { latencies: [], outcomes: {}, counted: 0, p50S: null, p95S: null };
        this.seconds[place] = made;
        return made;
    }

    /** Whether the story stands still has changed. @param {number} at */
    still(at) {
        const last = this.stills.at(-1);
        const isStill = last !== undefined && last.to === Infinity;
        if (this.isAsking || this.isPaused) {
            if (!isStill) this.stills.push({ from: at, to: Infinity });
        } else if (isStill) {
            last.to = at;
        }
    }

    /** @param {Failure} failure */
    fail(failure) {
        this.failureCount += 1;
        if (this.failures.length < ERRORS_MAX) insert(this.failures, failure);
    }
}

/** @param {string} line @param {number} number @returns {Json} */
function parsed(line, number) {
    try {
        const record = JSON.parse(line);
        if (typeof record === 'object' && record !== null && typeof record['at_s'] === 'number') return record;
    } catch {
        // told below, with the line that the journal has it in
    }
    throw new SyntaxError(String(number));
}
