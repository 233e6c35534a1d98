// Learn: the course, step by step, on this instance. Steps on the left, the step in the middle, commands and what to see
// on the right, and above them what there is right now.

/** @import {Off} from '../types.js' */

import { toastError } from '../toast.js';
import { ApiError, hasToken, post } from '../api.js';
import { el, replace } from '../dom.js';
import { events } from '../stream.js';
import { t } from '../words.js';
import { createCard } from './card.js';
import { prepare } from './run.js';
import { createSide } from './side.js';
import { createStep } from './step.js';
import { createSteps } from './steps.js';
import { createStrip } from './strip.js';
import { Store } from './store.js';

const EVERY_MS = 1000;
const SETTLE_MS = 300;

/** Kept from step to step, so that a page is there at once. @type {Store | null} */
let kept = null;
events.on('restarted', () => (kept = null));

/**
 * @param {HTMLElement} root
 * @param {string[]} params the step's number, or `summary`; `attributes` opens the advanced settings
 * @returns {Promise<Off>}
 */
export async function mount(root, params) {
    const isFirst = kept === null;
    const store = (kept ??= await Store.open());
    const isSummary = params[0] === 'summary';
    const step = store.step(params[0] === undefined ? (store.learn?.['step'] ?? 0) : Number(params[0]));
    const steps = createSteps(store, isSummary ? null : step.number, () => void reset(store));
    const strip = createStrip(store);
    const parts = isSummary
        ? [createCard(store)]
        : [createStep(store, step, { isAdvanced: params[1] === 'attributes' }), createSide(store, step)];
    const all = [steps, strip, ...parts];
    replace(
        root,
        strip.root,
        el(
            'div',
            { class: isSummary ? 'learn-columns learn-columns-summary' : 'learn-columns' },
            [steps, ...parts].map((part) => part.root),
        ),
    );
    // Whoever came here by a link, or by the keyboard, goes on reading here.
    if (!isFirst) root.querySelector('h1')?.focus({ preventScroll: true });
    const offChange = store.onChange(() => all.forEach((part) => part.update()));
    const timer = setInterval(() => document.visibilityState === 'visible' && void refresh(store), EVERY_MS);
    const lookUp = soon(() => store.lookUp());
    // Calls that only read change nothing, and looking up is made of them.
    const offCalls = events.on('api_called', ({ operation }) => /^(Describe|List|Get)/.test(operation) || lookUp());
    void open(store, isSummary ? null : step);
    return () => {
        offChange();
        offCalls();
        clearInterval(timer);
    };
}

/** @param {Store} store @param {import('./types.js').Step | null} step */
async function open(store, step) {
    try {
        if (step !== null && hasToken()) await post('/api/v1/learn/begin', { step: step.number });
        await store.lookUp();
        if (step !== null) await prepare(store, step);
        await store.refresh();
    } catch (error) {
        toastError(error);
    }
}

/** The frame says when nobody answers. @param {Store} store */
async function refresh(store) {
    try {
        await store.refresh();
    } catch (error) {
        if (!(error instanceof ApiError && error.code === 'gone')) throw error;
    }
}

/** @param {Store} store */
async function reset(store) {
    if (!confirm(t('learn.reset_sure'))) return;
    try {
        await store.reset();
    } catch (error) {
        toastError(error);
    }
}

/** Once after many in a row. @param {() => Promise<void>} work */
function soon(work) {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    return () => {
        clearTimeout(timer);
        timer = setTimeout(() => void work(), SETTLE_MS);
    };
}
