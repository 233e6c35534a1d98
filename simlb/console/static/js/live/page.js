// What happens right now, and who is responsible: the parts of the page, and what goes from one to another.

/** @import {Json, Off} from '../types.js' */
import { el, replace } from '../dom.js';
import { events } from '../stream.js';
import { language, t } from '../words.js';
import { act } from './actions.js';
import { createArrivals, itemOf } from './arrivals.js';
import { createChart } from './chart.js';
import { factsOf } from './facts.js';
import { createHeld } from './held.js';
import { listenToKeys } from './keys.js';
import { createLayout, helpPanel } from './layout.js';
import { createLoad } from './load.js';
import { createLog } from './log.js';
import { createMap } from './map.js';
import { markOf } from './marks.js';
import { narrate } from './narration.js';
import { createPanel } from './panel.js';
import { otherPanel, targetPanel } from './place_panel.js';
import { createProblems } from './problems.js';
import { requestPanel } from './request_panel.js';
import { createSaying } from './saying.js';
import { sceneOf } from './scene.js';
import { WINDOW_S } from './seconds.js';
import { createStore } from './store.js';
import { createWatch } from './watch.js';

const REDRAW_MS = 250;

/**
 * @param {HTMLElement} root
 * @returns {Promise<Off>}
 */
export async function mount(root) {
    const layout = createLayout(root);
    const store = createStore();
    await store.refresh();
    /** @type {string | null} */
    let balancer = store.status()?.['load_balancers'][0]?.name ?? null;
    /** @type {string | null} */
    let chosen = null;
    let [isPaused, isProblemsOnly, isEmpty] = [false, false, false];

    const saying = createSaying(layout.say);
    const map = createMap(layout.map, { onTarget: openTarget, onGroup: openGroup, onListener: openListener });
    const chart = createChart(layout.chart, { windowS: WINDOW_S });
    const log = createLog(layout.log, store, openRequest);
    const panel = createPanel(layout.aside, () => choose(null));
    const problems = createProblems(layout.problems);
    const held = createHeld((item) => map.send(item));
    const load = createLoad(layout.load, where);
    const watch = createWatch(({ problems: stories, loads }) => {
        problems.tell(stories);
        load.setLoads(loads);
        held.setLoads(loads, store.status());
    });
    const arrivals = createArrivals();

    /** Which listener the load goes to: one that leads to targets, HTTPS before HTTP. */
    function where() {
        const status = store.status();
        const shown = /** @type {Json[]} */ (status?.['load_balancers'] ?? []).find(({ name }) => name === balancer);
        const leading = /** @type {Json[]} */ (shown?.['listeners'] ?? []).filter(({ rules }) =>
            rules.some((/** @type {Json} */ rule) => rule['target_groups'].length > 0),
        );
        const found = leading.find(({ protocol }) => protocol === 'HTTPS') ?? leading[0] ?? shown?.['listeners'][0];
        return { balancer, port: found?.port ?? null, speed: Number(status?.['speed'] ?? 1) || 1 };
    }

    /** @param {string | null} id */
    function choose(id) {
        chosen = id;
        map.choose(id);
    }

    /** @param {string} id `web|i-03` @returns {{group: Json, target: Json} | null} */
    function find(id) {
        for (const group of store.status()?.['target_groups'] ?? []) {
            const target = /** @type {Json[]} */ (group.targets).find(({ name }) => `${group.name}|${name}` === id);
            if (target !== undefined) return { group, target };
        }
        return null;
    }

    /** @param {number} number */
    function openRequest(number) {
        choose(null);
        panel.show(t('live.panel.request', { number }), requestPanel(number, openRequest));
    }

    /** @param {string} id */
    function openTarget(id) {
        const found = find(id);
        if (found === null) return;
        panel.show(t('live.panel.target', { target: found.target['name'] }), targetPanel(found.group, found.target));
        choose(id);
    }

    /** @param {string} id */
    function openGroup(id) {
        const group = /** @type {Json[]} */ (store.status()?.['target_groups'] ?? []).find(({ name }) => name === id);
        if (group === undefined) return;
        const { health_check: check } = group;
        panel.show(
            t('live.panel.group', { group: id }),
            otherPanel('target group', id, layout.groupFacts(group, check, where().speed)),
        );
    }

    /** @param {string} id `my-alb|443` */
    function openListener(id) {
        const port = id.slice(id.lastIndexOf('|') + 1);
        const isOne = store.status()?.['load_balancers'].length === 1;
        panel.show(
            t('live.panel.listener', { port }),
            otherPanel('listener', isOne ? port : id.replace('|', ':'), layout.listenerFacts(store.status(), id)),
        );
    }

    /** @param {'kill' | 'restore'} action */
    function actOn(action) {
        const ids = map.targets();
        const wanted = (/** @type {string} */ id) => {
            const state = find(id)?.target;
            return (
                state !== undefined &&
                (action === 'kill'
                    ? state['pid'] !== null
                    : state['state'] !== 'healthy' ||
                      state['faults'].length > 0 ||
                      (state['process'] !== null && state['pid'] === null))
            );
        };
        const id = chosen ?? ids.filter(wanted).at(-1) ?? ids.at(-1);
        const found = id === undefined ? null : find(id);
        if (found !== null) void act(action, found.group['name'], found.target).then(store.refresh);
    }

    function show() {
        const status = store.status();
        if (status === null) return;
        const names = /** @type {Json[]} */ (status['load_balancers']).map(({ name }) => name);
        if (balancer === null || !names.includes(balancer)) setBalancer(names[0] ?? null);
        layout.setBalancers(status['load_balancers'], balancer, setBalancer);
        if (isEmpty !== (names.length === 0)) {
            isEmpty = names.length === 0;
            layout.setEmpty(isEmpty);
        }
        const waiting = held.waiting();
        map.setScene(
            sceneOf(status, store.pulse(), { balancer, isProblemsOnly, waiting, sincePulseS: store.sincePulseS() }),
        );
        saying.show(narrate(factsOf(store, balancer, waiting)), Number(status['speed']));
        if (balancer !== null && !document.hidden) chart.setSeries(store.seconds.series(balancer));
        load.tell();
    }

    /** @param {string | null} name */
    function setBalancer(name) {
        balancer = name;
        log.setBalancer(name);
        if (name !== null) void store.seconds.fetchPast(name).then(show);
    }

    /** @param {Json} event */
    function request(event) {
        if (!isPaused && event['load_balancer'] === balancer)
            map.send(itemOf(event, arrivals.timeOf(event['real_s'], performance.now())));
    }

    function pause() {
        isPaused = !isPaused;
        if (isPaused) map.pause();
        else map.resume();
        layout.setPaused(isPaused);
    }

    function toggleProblems() {
        isProblemsOnly = !isProblemsOnly;
        layout.setProblemsOnly(isProblemsOnly);
        log.setProblemsOnly(isProblemsOnly);
        show();
    }

    const help = () => panel.show(t('live.panel.help'), helpPanel());
    layout.on({
        pause,
        help,
        full: layout.full,
        problemsOnly: toggleProblems,
        problems: () => panel.show(t('live.problems.title'), problems.panel()),
    });
    /** @param {Json} event */
    const mark = (event) => {
        const found = markOf(event);
        if (found !== null) chart.mark(found);
    };
    for (const event of events.recent()) mark(event);
    setBalancer(balancer);
    const offs = [
        listenToKeys({
            pause,
            help,
            full: layout.full,
            problems: toggleProblems,
            kill: () => actOn('kill'),
            restore: () => actOn('restore'),
            load: load.toggle,
            find: log.focus,
            close: panel.close,
            choose: (digit) => {
                const id = map.targets()[digit - 1];
                if (id !== undefined) openTarget(id);
            },
        }),
        events.on('request_finished', request),
        events.on('requests_counted', request),
        events.on('*', mark),
        ...['target_state_changed', 'fault_installed', 'fault_removed', 'process_exited'].map((type) =>
            events.on(type, watch.soon),
        ),
        store.on(show),
    ];
    const timer = setInterval(() => {
        if (!document.hidden) show();
    }, REDRAW_MS);
    show();
    document.documentElement.lang = language();

    return () => {
        clearInterval(timer);
        for (const off of offs) off();
        for (const part of [map, chart, log, load, held, watch, store, layout]) part.close();
        replace(root, el('div'));
    };
}
