// What the page knows: the status, the last pulse, the requests of late. Everything in it is bounded, however long it runs.

/** @import {Json, Off} from '../types.js' */
import { get } from '../api.js';
import { events } from '../stream.js';
import { createSeconds } from './seconds.js';

/** So many requests are kept for the log. */
export const REQUESTS_MAX = 3000;
/** Failures are looked at for so long when it is told what is going on. */
const RECENT_S = 4;
const REFRESH_MS = 250;
/** Tools call AWS's API many times a second, and thirty pages would all ask after each. */
const API_REFRESH_MS = 1500;
const TARGETS_MAX = 2000;
/** What the status has to be asked for again after. */
const CHANGES = [
    'target_state_changed',
    'process_started',
    'process_exited',
    'fault_installed',
    'fault_removed',
    'configuration_changed',
    'certificate_changed',
];

/**
 * @typedef {{listener: string, balancer: string, target: string | null, group: string | null, elb: number,
 *   targetStatus: number, failure: string | null, count: number, realS: number}} Recent
 */

export function createStore() {
    /** @type {Json | null} */
    let status = null;
    /** @type {Json | null} */
    let pulse = null;
    let pulseMs = 0;
    let realNowS = 0;
    /** @type {Json[]} */
    let requests = [];
    let told = 0;
    /** @type {Recent[]} */
    let recent = [];
    /** @type {Map<string, Json>} the last end of each process */
    const exits = new Map();
    /** @type {Map<string, {count: number, code: number}>} what the load balancer had to answer itself, by target, since it last did well */
    const blamed = new Map();
    /** @type {Map<string, Json>} the last change of each target's state */
    const changes = new Map();
    const seconds = createSeconds();
    /** @type {Set<() => void>} */
    const listeners = new Set();
    let timer = 0;
    let isClosed = false;

    function tell() {
        for (const listener of listeners) listener();
    }

    async function refresh() {
        timer = 0;
        try {
            const found = await get('/api/v1/status');
            if (isClosed) return;
            status = found;
            tell();
        } catch {
            // The frame says that nothing answers; it is asked again when the stream is back.
        }
    }

    /** @param {number} [afterMs] */
    function refreshSoon(afterMs = REFRESH_MS) {
        if (timer === 0 && !isClosed) timer = setTimeout(refresh, afterMs);
    }

    /** @param {Json} event */
    function takeRequest(event) {
        const count = Number(event['count'] ?? 1);
        realNowS = Math.max(realNowS, event['real_s']);
        seconds.take(event, count);
        if (event['type'] === 'request_finished') {
            requests.push(event);
            told += 1;
            if (requests.length > REQUESTS_MAX * 1.2) requests = requests.slice(-REQUESTS_MAX);
        }
        const target =
            event['target'] === null || event['target'] === undefined
                ? null
                : `${event['target_group']}|${event['target']}`;
        recent.push({
            listener: `${event['load_balancer']}|${event['listener_port']}`,
            balancer: event['load_balancer'],
            target,
            group: event['target_group'] ?? null,
            elb: event['elb_status_code'],
            targetStatus: event['target_status_code'],
            failure: event['failure'] ?? null,
            count,
            realS: event['real_s'],
        });
        if (recent.length > 4000) recent = recent.filter(({ realS }) => realS > realNowS - RECENT_S).slice(-3000);
        if (target === null) return;
        if (event['target_status_code'] === 0 && event['elb_status_code'] >= 500) {
            const sum = blamed.get(target) ?? { count: 0, code: 0 };
            bounded(blamed);
            blamed.set(target, { count: sum.count + count, code: event['elb_status_code'] });
        }
    }

    /** @param {Json} event */
    function takeState(event) {
        const id = `${event['target_group']}|${event['target']}`;
        bounded(changes);
        changes.set(id, event);
        if (event['state'] === 'healthy') blamed.delete(id);
    }

    const offs = [
        events.on('pulse', (event) => {
            pulse = event;
            pulseMs = performance.now();
            realNowS = Math.max(realNowS, event['real_s']);
            seconds.pulse(event);
            if (status === null) refreshSoon();
            tell();
        }),
        events.on('request_finished', takeRequest),
        events.on('requests_counted', takeRequest),
        events.on('target_state_changed', takeState),
        events.on('process_exited', (event) => {
            bounded(exits);
            exits.set(event['process'], event);
        }),
        events.on('process_started', (event) => exits.delete(event['process'])),
        ...[...CHANGES, 'open'].map((type) => events.on(type, () => refreshSoon())),
        events.on('api_called', () => refreshSoon(API_REFRESH_MS)),
        events.on('lost', tell),
    ];
    // What this tab heard before the page was shown, after a visit to another page.
    for (const event of events.recent()) {
        if (event['type'] === 'request_finished' || event['type'] === 'requests_counted') takeRequest(event);
        else if (event['type'] === 'target_state_changed') takeState(event);
        else if (event['type'] === 'process_exited') exits.set(event['process'], event);
        else if (event['type'] === 'process_started') exits.delete(event['process']);
    }

    return {
        status: () => status,
        pulse: () => pulse,
        /** How old the pulse is, in real seconds. */
        sincePulseS: () => (pulse === null ? 0 : (performance.now() - pulseMs) / 1000),
        /** Real seconds since the instance started, by its own count. */
        nowS: () =>
            realNowS +
            (pulse === null
                ? 0
                : Math.min(2, Math.max(0, pulse['real_s'] - realNowS + (performance.now() - pulseMs) / 1000))),
        /** Requests that were told one by one, the oldest first, and how many there have ever been. */
        requests: () => ({ requests, told }),
        recent: () => recent.filter(({ realS }) => realS > realNowS - RECENT_S),
        exits,
        blamed,
        changes,
        seconds,
        refresh,
        /** @param {() => void} listener called after a pulse or a change @returns {Off} */
        on(listener) {
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
        close() {
            isClosed = true;
            clearTimeout(timer);
            for (const off of offs) off();
        },
    };
}

/** Make room for one more. @param {Map<string, any>} byName */
function bounded(byName) {
    if (byName.size >= TARGETS_MAX) byName.delete(/** @type {string} */ (byName.keys().next().value));
}

/** @typedef {ReturnType<typeof createStore>} Store */
