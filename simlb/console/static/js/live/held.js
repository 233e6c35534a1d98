// Clients that nobody lets in. A closed gate is a dropped connection: no event tells of it, since the load balancer does not
// see it. What is known is how many requests of simlb's own load have no answer, so those are shown waiting.

/** @import {Item, Json} from '../types.js' */

import { unanswered } from './unanswered.js';

const TICK_MS = 250;
const PER_TICK_MAX = 8;

/** @param {(item: Item) => void} send takes a dot that goes as far as the gate */
export function createHeld(send) {
    /** @type {Map<string, {waiting: number, perSecond: number, left: number}>} by listener */
    let gates = new Map();
    /** @type {Map<string, {finished: number, atMs: number}>} how far each load was when it was last looked at */
    const seen = new Map();
    const timer = setInterval(() => {
        for (const [listener, gate] of gates) {
            gate.left += (gate.perSecond * TICK_MS) / 1000;
            const dots = Math.min(PER_TICK_MAX, Math.floor(gate.left));
            gate.left = Math.min(gate.left - dots, PER_TICK_MAX);
            for (let index = 0; index < dots; index += 1) {
                const atMs = performance.now() + (index * TICK_MS) / dots;
                send(unanswered(listener, atMs, true));
            }
        }
    }, TICK_MS);

    /** @param {Json} load @returns {number} how many had an answer, in each second since it was last asked */
    function finishedPerS(load) {
        const before = seen.get(load['id']);
        const now = { finished: Number(load['finished']), atMs: performance.now() };
        seen.set(load['id'], now);
        if (before === undefined) return Infinity;
        return ((now.finished - before.finished) * 1000) / Math.max(1, now.atMs - before.atMs);
    }

    return {
        /** How many wait, by listener. */
        waiting: () =>
            new Map([...gates].map(([listener, { waiting, perSecond }]) => [listener, perSecond > 0 ? waiting : 0])),
        /**
         * @param {Json[]} loads that run
         * @param {Json | null} status
         */
        setLoads(loads, status) {
            const before = gates;
            gates = new Map();
            for (const balancer of status?.['load_balancers'] ?? []) {
                for (const { port, protocol, gate } of balancer.listeners) {
                    if (gate !== 'closed') continue;
                    const id = `${balancer.name}|${port}`;
                    const mine = loads.filter(({ listener }) => listener === `${balancer.name} ${protocol}:${port}`);
                    const waiting = mine.reduce((sum, one) => sum + one['in_flight'], 0);
                    // On connections that exist requests go on: only those that need a new one wait.
                    const perSecond = mine.reduce(
                        (sum, one) => sum + Math.max(0, one['rate_per_s'] * one['speed'] - finishedPerS(one)),
                        0,
                    );
                    if (mine.length > 0) gates.set(id, { waiting, perSecond, left: before.get(id)?.left ?? 0 });
                }
            }
        },
        close: () => clearInterval(timer),
    };
}
