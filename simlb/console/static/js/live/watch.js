// What is asked for every few seconds beside the stream: problems and loads, in one question for the whole page.

/** @import {Json} from '../types.js' */
import { get } from '../api.js';
import { language } from '../words.js';

const AGAIN_MS = 3000;
/** The answer may be a second old: asked later than that after an event, it knows of it. */
const AFTER_EVENT_MS = 1100;

/**
 * @param {(found: {problems: Json[], loads: Json[]}) => void} onFound
 */
export function createWatch(onFound) {
    let timer = 0;
    let isClosed = false;

    async function look() {
        clearTimeout(timer);
        if (!document.hidden) {
            try {
                const found = await get(`/api/v1/console/live?lang=${language()}`);
                if (!isClosed) onFound(found);
            } catch {
                // The frame says that nothing answers.
            }
        }
        if (!isClosed) timer = setTimeout(look, AGAIN_MS);
    }
    void look();
    return {
        /** Something happened. */
        soon() {
            clearTimeout(timer);
            timer = setTimeout(look, AFTER_EVENT_MS);
        },
        close() {
            isClosed = true;
            clearTimeout(timer);
        },
    };
}
