// Clients that nobody lets in. A closed gate is a dropped connection: no event tells of it, since the load balancer does not
// see it. What is known is how many requests of simlb's own load have no answer, so those are shown waiting.

/** @import {Item, Json} from '../types.js' */

const TICK_MS = 250;
const PER_TICK_MAX = 8;

/** @param {(item: Item) => void} send takes a dot that goes as far as the gate */
export function createHeld(send) {
    /** @type {Map<string, {waiting: number, perSecond: number, left: number}>} by listener */
    let gates = new Map();
    const timer = setInterval(() => {
        for (const [listener, gate] of gates) {
            gate.left += (gate.perSecond * TICK_MS) / 1000;
            const dots = Math.min(PER_TICK_MAX, Math.floor(gate.left));
            gate.left = Math.min(gate.left - dots, PER_TICK_MAX);
            for (let index = 0; index < dots; index += 1) {
                const atMs = performance.now() + (index * TICK_MS) / dots;
                send({
                    atMs,
                    listener,
                    rule: null,
                    group: null,
                    target: null,
                    elb: 0,
                    targetStatus: 0,
                    count: 1,
                    isHeld: true,
                });
            }
        }
    }, TICK_MS);
    return {
        /** How many wait, by listener. */
        waiting: () => new Map([...gates].map(([listener, { waiting }]) => [listener, waiting])),
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
                    const perSecond = mine.reduce((sum, one) => sum + one['rate_per_s'] * one['speed'], 0);
                    if (mine.length > 0) gates.set(id, { waiting, perSecond, left: before.get(id)?.left ?? 0 });
                }
            }
        },
        close: () => clearInterval(timer),
    };
}
