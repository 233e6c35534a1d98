// Everything that happens, once for the whole browser. A browser opens six connections to one place: with a stream for
// each tab the seventh would hang. So one tab, which holds a lock, follows the stream and passes on what it hears.

/** @import {Json, Off} from './types.js' */

const TYPES = [
    'target_state_changed',
    'process_started',
    'process_exited',
    'fault_installed',
    'fault_removed',
    'configuration_changed',
    'certificate_changed',
    'request_finished',
    'requests_counted',
    'api_called',
    'notice',
    'pulse',
    'missed',
    'dropped',
    'ended',
];
const RECENT_MAX = 1000;
const LOCK = 'simlb-events';
const AGAIN_MS = 1500;

/** @type {Map<string, Set<(event: Json) => void>>} */
const listeners = new Map();
/** @type {Json[]} */
let recent = [];
let lastId = 0;
let isOpen = false;
let isLeader = false;
/** Nothing with a number has come yet since the connection was made. */
let isFresh = false;
/** @type {BroadcastChannel | null} */
let channel = null;

export const events = {
    /**
     * Call `listener` with every event of a type; '*' is all of them. 'open' and 'lost' tell of the connection itself,
     * 'restarted' of another instance in the place of the one before: whatever was known is over.
     * @param {string} type
     * @param {(event: Json) => void} listener
     * @returns {Off}
     */
    on(type, listener) {
        const those = listeners.get(type) ?? new Set();
        listeners.set(type, those.add(listener));
        return () => those.delete(listener);
    },
    isOpen: () => isOpen,
    /** What has come so far, the oldest first: at most 1,000, pulses left out.
     * @returns {Json[]} */
    recent: () => recent.slice(),
};

/** Begin to follow. Call it once. */
export function follow() {
    if (!('locks' in navigator) || !('BroadcastChannel' in window)) {
        lead();
        return;
    }
    channel = new BroadcastChannel(LOCK);
    channel.onmessage = ({ data }) => heard(data);
    channel.postMessage({ ask: true });
    // It is held until the tab goes; then the next one in the queue gets it, and goes on where that one was.
    navigator.locks.request(LOCK, () => {
        lead();
        return new Promise(() => {});
    });
}

/** @param {{ask?: boolean, event?: Json, history?: Json[], open?: boolean, restarted?: boolean}} message of another tab */
function heard(message) {
    if (message.ask && isLeader) {
        channel?.postMessage({ history: recent, open: isOpen });
    } else if (message.history !== undefined && !isLeader) {
        for (const event of message.history) take(event);
        if (message.open !== undefined) setOpen(message.open);
    } else if (message.restarted) {
        restart();
    } else if (message.event !== undefined) {
        take(message.event);
    } else if (message.open !== undefined) {
        setOpen(message.open);
    }
}

function lead() {
    isLeader = true;
    const source = new EventSource(lastId === 0 ? '/api/v1/events' : `/api/v1/events?after=${lastId}`);
    /** @param {MessageEvent} message */
    const pass = (message) => {
        const event = JSON.parse(message.data);
        if (isFresh && event.id !== null) {
            isFresh = false;
            // The same instance would have gone on behind the number that it was given.
            if (event.id <= lastId) {
                restart();
                channel?.postMessage({ restarted: true });
            }
        }
        if (take(event)) channel?.postMessage({ event });
    };
    for (const type of TYPES) source.addEventListener(type, pass);
    source.onopen = () => {
        isFresh = true;
        tellOpen(true);
    };
    source.onerror = () => {
        tellOpen(false);
        // By itself a browser comes back after a lost connection, not after a refusal or an instance that has gone.
        if (source.readyState === EventSource.CLOSED) setTimeout(lead, AGAIN_MS);
    };
    source.addEventListener('ended', () => {
        source.close();
        tellOpen(false);
        setTimeout(lead, AGAIN_MS);
    });
}

/** @param {boolean} now */
function tellOpen(now) {
    setOpen(now);
    channel?.postMessage({ open: now });
}

/** @param {boolean} now */
function setOpen(now) {
    if (now === isOpen) return;
    isOpen = now;
    emit(now ? 'open' : 'lost', { type: now ? 'open' : 'lost' });
}

function restart() {
    lastId = 0;
    recent = [];
    emit('restarted', { type: 'restarted' });
}

/**
 * @param {Json} event
 * @returns {boolean} whether it was new
 */
function take(event) {
    if (event.id !== null) {
        if (event.id <= lastId) return false;
        lastId = event.id;
        recent.push(event);
        if (recent.length > 2 * RECENT_MAX) recent = recent.slice(-RECENT_MAX);
    }
    emit(event.type, event);
    emit('*', event);
    return true;
}

/**
 * @param {string} type
 * @param {Json} event
 */
function emit(type, event) {
    for (const listener of listeners.get(type) ?? []) listener(event);
}
