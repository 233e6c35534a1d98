// Where the parts of the page stand, and its buttons.

/** @import {Json} from '../types.js' */
import { el, replace, setText } from '../dom.js';
import { t } from '../words.js';
import { bothTimes } from './figures.js';

const KEYS = ['space', 'digits', 'K', 'R', 'L', 'P', 'slash', 'F', 'Esc', 'help'];
/** Below this there is no room for all of it at once: the page scrolls. */
const HEIGHT_MIN = 700;
const WIDTH_MIN = 1000;

/** What the keys do. */
export function helpPanel() {
    return el(
        'div',
        { class: 'live-story' },
        el(
            'dl',
            { class: 'live-keys' },
            KEYS.map((name) => [
                el('dt', null, el('kbd', null, t(`live.keys.${name}.key`))),
                el('dd', null, t(`live.keys.${name}.does`)),
            ]).flat(),
        ),
        el('p', null, t('live.help.dots')),
        el('p', null, t('live.help.stripes')),
        el('p', null, t('live.help.time')),
    );
}

/** @param {HTMLElement} root */
export function createLayout(root) {
    const button = (/** @type {string} */ name, /** @type {string} */ key) =>
        el('button', { class: 'btn', type: 'button', title: key, 'aria-keyshortcuts': key }, t(`live.button.${name}`));
    const [pause, full, help] = [button('pause', 'Space'), button('full', 'F'), button('help', '?')];
    const only = button('problems_only', 'P');
    only.setAttribute('aria-pressed', 'false');
    const problems = el('button', { class: 'btn live-problems-button', type: 'button' });
    const chooser = el('select', { class: 'field', 'aria-label': t('live.balancer.choose') });
    const name = el('a', { class: 'mono live-balancer-link live-cut', target: '_blank', rel: 'noreferrer noopener' });
    const load = el('div', { class: 'live-load' });
    const say = el('section', { class: 'live-say panel', 'aria-label': t('live.say_label') });
    const map = el('div', { class: 'live-map-panel panel' });
    const chart = el('div', { class: 'live-chart-body' });
    const log = el('section', { class: 'live-log panel', 'aria-label': t('live.log.title') });
    const aside = el('aside', { class: 'live-aside panel', 'aria-label': t('live.panel.label') });
    const empty = el(
        'div',
        { class: 'empty live-empty', hidden: true },
        el('p', null, t('live.empty.text')),
        el('a', { class: 'btn btn-primary', href: '#/learn' }, t('live.empty.learn')),
    );
    const stage = el(
        'div',
        { class: 'live-stage' },
        el(
            'div',
            { class: 'live-main' },
            map,
            el(
                'div',
                { class: 'live-bottom' },
                el('section', { class: 'live-chart panel' }, el('h2', null, t('live.chart.title')), chart),
                log,
            ),
        ),
        aside,
    );
    const tools = el(
        'div',
        { class: 'live-tools' },
        el('div', { class: 'live-balancer' }, chooser, name),
        load,
        problems,
        only,
        pause,
        full,
        help,
    );
    root.classList.add('live-page');
    replace(root, tools, say, empty, stage);

    function fit() {
        const top = root.getBoundingClientRect().top + scrollY;
        const gap = parseFloat(getComputedStyle(/** @type {HTMLElement} */ (root.parentElement)).paddingBottom) || 0;
        const height = innerHeight - top - gap;
        const isTight = height < HEIGHT_MIN || innerWidth < WIDTH_MIN;
        root.classList.toggle('live-is-tight', isTight);
        root.classList.toggle('live-is-narrow', innerWidth < WIDTH_MIN);
        root.style.height = isTight ? '' : `${height}px`;
    }
    fit();
    addEventListener('resize', fit);
    const sizes = new ResizeObserver(fit);
    const header = document.querySelector('.frame-header');
    if (header !== null) sizes.observe(header);
    let shown = '';

    return {
        say,
        map,
        chart,
        log,
        aside,
        load,
        problems,
        /** @param {Record<'pause' | 'help' | 'full' | 'problemsOnly' | 'problems', () => void>} does */
        on(does) {
            pause.addEventListener('click', does.pause);
            help.addEventListener('click', does.help);
            full.addEventListener('click', does.full);
            only.addEventListener('click', does.problemsOnly);
            problems.addEventListener('click', does.problems);
        },
        full() {
            if (document.fullscreenElement === null) document.documentElement.requestFullscreen().catch(() => {});
            else void document.exitFullscreen();
        },
        /** @param {boolean} isPaused */
        setPaused(isPaused) {
            setText(pause, t(isPaused ? 'live.button.resume' : 'live.button.pause'));
            pause.setAttribute('aria-pressed', String(isPaused));
        },
        /** @param {boolean} isOnly */
        setProblemsOnly(isOnly) {
            only.setAttribute('aria-pressed', String(isOnly));
        },
        /** @param {boolean} isEmpty there is no load balancer */
        setEmpty(isEmpty) {
            empty.hidden = !isEmpty;
            stage.hidden = isEmpty;
            load.hidden = isEmpty;
        },
        /** @param {Json[]} balancers @param {string | null} chosen @param {(name: string) => void} onChoose */
        setBalancers(balancers, chosen, onChoose) {
            const wanted = JSON.stringify([balancers.map((one) => one['name']), chosen]);
            if (wanted === shown) return;
            shown = wanted;
            chooser.hidden = balancers.length < 2;
            replace(
                chooser,
                balancers.map((one) => el('option', { value: one['name'] }, one['name'])),
            );
            if (chosen !== null) chooser.value = chosen;
            chooser.onchange = () => onChoose(chooser.value);
            const one = balancers.find((each) => each['name'] === chosen);
            name.hidden = one === undefined;
            if (one === undefined) return;
            setText(name, one['names'][0] ?? one['dns_name']);
            name.href = urlOf(one);
        },
        /** @param {Json} group @param {Json} check @param {number} speed */
        groupFacts: (group, check, speed) => [
            el('p', null, t('live.group.algorithm', { algorithm: group['algorithm'].replaceAll('_', ' ') })),
            el(
                'p',
                null,
                t('live.group.check', {
                    path: check['path'],
                    matcher: check['matcher'],
                    interval: bothTimes(check['interval_s'], speed),
                    timeout: bothTimes(check['timeout_s'], speed),
                }),
            ),
            el(
                'p',
                null,
                t('live.group.out', {
                    unhealthy: check['unhealthy_threshold_count'],
                    time: bothTimes(check['unhealthy_threshold_count'] * check['interval_s'], speed),
                }),
            ),
            el(
                'p',
                null,
                t('live.group.back', {
                    healthy: check['healthy_threshold_count'],
                    time: bothTimes(check['healthy_threshold_count'] * check['interval_s'], speed),
                }),
            ),
            el('p', null, t('live.group.delay', { time: bothTimes(group['deregistration_delay_s'], speed) })),
        ],
        /** @param {Json | null} status @param {string} id */
        listenerFacts(status, id) {
            const balancer = /** @type {Json[]} */ (status?.['load_balancers'] ?? []).find((one) =>
                id.startsWith(`${one['name']}|`),
            );
            const listener = /** @type {Json[]} */ (balancer?.['listeners'] ?? []).find(
                (one) => id === `${balancer?.['name']}|${one['port']}`,
            );
            if (listener === undefined) return [];
            return [
                el(
                    'p',
                    null,
                    t('live.listener.place', {
                        protocol: listener['protocol'],
                        port: listener['port'],
                        bind: listener['bind'],
                    }),
                ),
                el('p', null, t(`live.listener.gate_${listener['gate']}`)),
                listener['certificate_names'].length === 0
                    ? null
                    : el('p', { class: 'mono' }, listener['certificate_names'].join(', ')),
                el(
                    'ol',
                    { class: 'live-rules' },
                    /** @type {Json[]} */ (listener['rules']).map((rule) =>
                        el(
                            'li',
                            { class: 'mono' },
                            [rule['priority'], ...rule['conditions'], '→', rule['action']].join(' '),
                        ),
                    ),
                ),
            ];
        },
        close() {
            removeEventListener('resize', fit);
            sizes.disconnect();
        },
    };
}

/** @param {Json} balancer @returns {string} where a browser finds it */
function urlOf(balancer) {
    const listener =
        /** @type {Json[]} */ (balancer['listeners']).find(({ protocol }) => protocol === 'HTTPS') ??
        balancer['listeners'][0];
    const host = balancer['names'][0] ?? balancer['dns_name'];
    if (listener === undefined) return `http://${host}/`;
    const isSecure = listener['protocol'] === 'HTTPS';
    const port = listener['published_port'];
    return `http${isSecure ? 's' : ''}://${host}${port === (isSecure ? 443 : 80) ? '' : `:${port}`}/`;
}
