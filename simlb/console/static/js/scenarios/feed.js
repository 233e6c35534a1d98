// What comes of a run: its journal's records, how it stands, and its end. A hidden tab lets go of its connection, since a
// browser has six of them; it goes on from the line it has.

/** @import {Json, Off} from '../types.js' */
import { Tale } from './tale.js';

const AGAIN_MS = 1500;

/**
 * @typedef {{onView: (view: Json) => void, onEnd: (view: Json) => void, onTorn: (line: string) => void,
 *   onOpen: (isOpen: boolean) => void}} Ears
 */

/**
 * @param {string} run
 * @param {Tale} tale which gets the records
 * @param {Ears} ears
 * @returns {Off}
 */
export function followRun(run, tale, ears) {
    /** @type {EventSource | null} */
    let source = null;
    let isOver = false;
    let timer = 0;

    function close() {
        source?.close();
        source = null;
        clearTimeout(timer);
    }

    function open() {
        if (isOver || source !== null || document.hidden) return;
        const mine = new EventSource(`/api/v1/runs/${encodeURIComponent(run)}/events?after=${tale.lines}`);
        source = mine;
        mine.onopen = () => ears.onOpen(true);
        mine.onerror = () => {
            ears.onOpen(false);
            // By itself it would ask for what came after the last line, which is as well; but not after a refusal.
            close();
            timer = setTimeout(open, AGAIN_MS);
        };
        mine.addEventListener('records', ({ data }) => {
            if (source !== mine) return;
            try {
                for (const line of data.split('\n')) tale.add(line);
            } catch (error) {
                if (!(error instanceof SyntaxError)) throw error;
                finish();
                ears.onTorn(error.message);
            }
        });
        mine.addEventListener('run', ({ data }) => ears.onView(JSON.parse(data)));
        mine.addEventListener('end', ({ data }) => {
            finish();
            ears.onEnd(JSON.parse(data));
        });
    }

    function finish() {
        isOver = true;
        close();
    }

    function seen() {
        if (document.hidden) close();
        else open();
    }

    document.addEventListener('visibilitychange', seen);
    open();
    return () => {
        finish();
        document.removeEventListener('visibilitychange', seen);
    };
}
