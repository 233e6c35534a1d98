// The requests of late, the newest first. It stands still while somebody points at it or reads in it.

/** @import {Json} from '../types.js' */
/** @import {Store} from './store.js' */
import { el, replace, setText } from '../dom.js';
import { has, t } from '../words.js';
import { milliseconds } from './figures.js';
import { NAMES, filterOf } from './filter.js';

const ROWS_MAX = 80;
const REDRAW_MS = 300;
const FAILED_FROM = 500;

/**
 * @param {HTMLElement} root
 * @param {Store} store
 * @param {(number: number) => void} onRequest a request was chosen, by its number
 */
export function createLog(root, store, onRequest) {
    const field = el('input', {
        class: 'field mono live-log-filter',
        type: 'search',
        placeholder: 'elb=5xx target=i-03 path=/x*',
        'aria-label': t('live.log.filter'),
        title: t('live.log.filter_help', { names: NAMES.join(', ') }),
        spellcheck: 'false',
    });
    const note = el('span', { class: 'muted live-log-note', role: 'status' });
    const body = el('tbody');
    const scroller = el(
        'div',
        { class: 'live-log-rows', tabindex: '0', role: 'region', 'aria-label': t('live.log.title') },
        el(
            'table',
            { class: 'live-log-table mono' },
            el(
                'thead',
                null,
                el(
                    'tr',
                    null,
                    ['time', 'request', 'target', 'elb', 'target_status', 'ms'].map((name) =>
                        el('th', { scope: 'col', class: `live-log-${name}` }, t(`live.log.${name}`)),
                    ),
                ),
            ),
            body,
        ),
    );
    replace(root, el('div', { class: 'live-log-head' }, el('h2', null, t('live.log.title')), field, note), scroller);

    let filter = filterOf('');
    let seen = 0;
    let isProblemsOnly = false;
    /** @type {string | null} */
    let balancer = null;

    /** @param {Json} event */
    const isWanted = (event) =>
        (balancer === null || event['load_balancer'] === balancer) &&
        filter.test(event) &&
        (!isProblemsOnly || event['elb_status_code'] >= 400);

    function draw() {
        if (holders.size > 0 || document.hidden) return;
        const { requests, told } = store.requests();
        const fresh = requests.slice(-Math.min(told - seen, requests.length));
        if (told === seen) return;
        seen = told;
        const rows = fresh.filter(isWanted).slice(-ROWS_MAX).reverse().map(rowOf);
        body.prepend(...rows);
        while (body.childElementCount > ROWS_MAX) body.lastElementChild?.remove();
        tell();
    }

    function redraw() {
        const { requests, told } = store.requests();
        seen = told;
        replace(body, requests.filter(isWanted).slice(-ROWS_MAX).reverse().map(rowOf));
        tell();
    }

    function tell() {
        const text =
            filter.wrong.length > 0
                ? t('live.log.wrong', { term: filter.wrong.join(' ') })
                : holders.size > 0
                  ? t('live.log.held')
                  : '';
        setText(note, text);
        note.classList.toggle('bad', filter.wrong.length > 0);
        field.setAttribute('aria-invalid', String(filter.wrong.length > 0));
    }

    /** @param {Json} event */
    function rowOf(event) {
        const number = event['number'];
        const elb = event['elb_status_code'];
        const hasFailed = elb >= FAILED_FROM || event['failure'] !== null;
        return el(
            'tr',
            {
                class: hasFailed ? 'live-log-failed' : elb >= 400 ? 'live-log-refused' : '',
                dataset: { number: String(number) },
            },
            el('td', { class: 'live-log-time number' }, clock(event['time'])),
            el(
                'td',
                { class: 'live-log-request' },
                el(
                    'button',
                    { class: 'live-log-open', type: 'button', dataset: { number: String(number) } },
                    `${event['method']} ${event['path']}`,
                ),
                hasFailed ? el('div', { class: 'live-log-reason' }, reasonOf(event)) : null,
            ),
            el('td', { class: 'live-log-target' }, event['target'] ?? '-'),
            el('td', { class: 'number' }, elb === 0 ? '-' : String(elb)),
            el(
                'td',
                { class: 'number' },
                event['target_status_code'] === 0 ? '-' : String(event['target_status_code']),
            ),
            el('td', { class: 'number live-log-ms' }, milliseconds(event['duration_s']).replace(' ms', '')),
        );
    }

    field.addEventListener('input', () => {
        filter = filterOf(field.value);
        redraw();
    });
    body.addEventListener('click', (event) => {
        const row = /** @type {Element} */ (event.target).closest('tr');
        if (row?.dataset['number'] !== undefined) onRequest(Number(row.dataset['number']));
    });
    /** @type {Set<string>} what holds it: a pointer over it, the focus in it */
    const holders = new Set();
    for (const [begin, end] of [
        ['pointerenter', 'pointerleave'],
        ['focusin', 'focusout'],
    ]) {
        scroller.addEventListener(String(begin), () => {
            holders.add(String(begin));
            tell();
        });
        scroller.addEventListener(String(end), () => {
            holders.delete(String(begin));
            tell();
        });
    }
    redraw();
    const timer = setInterval(draw, REDRAW_MS);

    return {
        /** @param {boolean} only whether only what failed is shown */
        setProblemsOnly(only) {
            isProblemsOnly = only;
            redraw();
        },
        /** @param {string | null} name the load balancer whose requests are shown */
        setBalancer(name) {
            if (name === balancer) return;
            balancer = name;
            redraw();
        },
        /** @param {string} text */
        setFilter(text) {
            field.value = text;
            filter = filterOf(text);
            redraw();
        },
        focus: () => field.focus(),
        close() {
            clearInterval(timer);
            replace(root);
        },
    };
}

/** @param {Json} event @returns {string} who made the failure, and why */
function reasonOf(event) {
    const by = event['target_status_code'] > 0 ? t('live.by.target') : t('live.by.elb');
    return event['failure'] === null ? by : `${by}: ${failureWords(event['failure'])}`;
}

/** @param {string} failure in the load balancer's own English */
export function failureWords(failure) {
    const key = `live.failure.${failure.replaceAll(' ', '_')}`;
    return has(key) ? t(key) : failure;
}

/** @param {string} time @returns {string} `17:02:59.4`, here */
function clock(time) {
    const at = new Date(time);
    const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
    return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${Math.floor(at.getMilliseconds() / 100)}`;
}
