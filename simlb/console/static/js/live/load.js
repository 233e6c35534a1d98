// simlb's own load generator: traffic at once, at the rate of a slider. Rates are of load-balancer time, as everywhere; what
// they come to here stands beside them.

/** @import {Json} from '../types.js' */
import { del, get, post } from '../api.js';
import { el, replace, setText } from '../dom.js';
import { toastError } from '../toast.js';
import { t } from '../words.js';

/** Requests in a real second. */
const RATES = [1, 2, 5, 10, 20, 50, 100, 200, 400];
const FIRST = 4;
const SETTLE_MS = 400;

/**
 * @param {HTMLElement} root
 * @param {() => {balancer: string | null, port: number | null, speed: number}} where what is loaded, as things are
 */
export function createLoad(root, where) {
    const slider = el('input', {
        type: 'range',
        class: 'live-load-rate',
        min: 0,
        max: RATES.length - 1,
        step: 1,
        value: String(FIRST),
        'aria-label': t('live.load.rate'),
    });
    const shown = el('output', { class: 'live-load-shown number' });
    const button = el('button', {
        class: 'btn btn-primary live-load-switch',
        type: 'button',
        on: { click: () => void change(ids.length === 0) },
    });
    replace(root, button, slider, shown);
    /** @type {string[]} */
    let ids = [];
    let settling = 0;
    let isBusy = false;
    /** @type {number | null} what runs, in real seconds, when that is none of the slider's */
    let running = null;

    const real = () => running ?? RATES[Number(slider.value)] ?? 1;

    function tell() {
        const { speed } = where();
        const text =
            speed === 1
                ? t('live.load.here', { here: real() })
                : t('live.load.both', { aws: round(real() / speed), here: real() });
        setText(shown, text);
        slider.setAttribute('aria-valuetext', text);
        setText(button, t(ids.length > 0 ? 'live.load.stop' : 'live.load.start'));
        button.classList.toggle('btn-primary', ids.length === 0);
        const { balancer, port } = where();
        button.disabled = isBusy || (ids.length === 0 && (balancer === null || port === null));
    }

    /** @param {boolean} isOn */
    async function change(isOn) {
        const { balancer, port, speed } = where();
        const old = ids;
        isBusy = true;
        tell();
        try {
            if (isOn && balancer !== null && port !== null) {
                await post('/api/v1/load', {
                    rate_per_s: real() / speed,
                    load_balancer: balancer,
                    port,
                    path: '/items/{n}',
                });
            }
            // Asked a second time it does not wait for requests that nobody answers.
            for (const id of old) await Promise.race([del(`/api/v1/load/${encodeURIComponent(id)}`), pause(300)]);
        } catch (error) {
            toastError(error);
        }
        isBusy = false;
        await ask();
    }

    /** @param {Json[]} loads that run */
    function setLoads(loads) {
        if (isBusy) return;
        const mine = loads.filter(({ listener }) => listener.startsWith(`${where().balancer} `));
        const isNew = mine.some(({ id }) => !ids.includes(id));
        ids = mine.map(({ id }) => id);
        const [first] = mine;
        if (first !== undefined && isNew && document.activeElement !== slider) {
            show(first['plan'].rate_per_s * (where().speed || 1));
        }
        tell();
    }

    async function ask() {
        try {
            const { loads } = await get('/api/v1/load');
            setLoads(/** @type {Json[]} */ (loads).filter(({ state }) => state === 'running' || state === 'starting'));
        } catch {
            // The frame says that nothing answers.
        }
    }

    /** @param {number} rate in real seconds: the slider goes to the nearest */
    function show(rate) {
        const nearest = RATES.reduce(
            (best, one) => (Math.abs(Math.log(one / rate)) < Math.abs(Math.log(best / rate)) ? one : best),
            1,
        );
        slider.value = String(RATES.indexOf(nearest));
        running = Math.round(rate * 10) / 10;
    }

    slider.addEventListener('input', () => {
        running = null;
        tell();
        clearTimeout(settling);
        if (ids.length > 0) settling = setTimeout(() => void change(true), SETTLE_MS);
    });
    tell();
    return {
        tell,
        setLoads,
        toggle: () => void change(ids.length === 0),
        close() {
            clearTimeout(settling);
        },
    };
}

/** @param {number} value */
function round(value) {
    return value >= 10 ? String(Math.round(value)) : String(Number(value.toFixed(1)));
}

/** @param {number} ms */
function pause(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}
