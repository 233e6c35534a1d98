// A run as it goes on, or shown again: sentence and clock, map, question, expectations, chart, errors, and what moves it.
// Everything that is shown follows from the tale and one moment of it.

/** @import {ChartHandle, Json, Off} from '../types.js' */
import { get } from '../api.js';
import { el, replace } from '../dom.js';
import { createChart } from '../live/chart.js';
import { createMap } from '../live/map.js';
import { bi, t } from '../words.js';
import { createControls } from './controls.js';
import { createFailures } from './failures.js';
import { followRun } from './feed.js';
import { shortClock } from './format.js';
import { createHead } from './head.js';
import { itemsBetween, questionAt } from './moment.js';
import { Playhead } from './playhead.js';
import { createQuiz } from './quiz.js';
import { goesOn } from './runs_list.js';
import { sceneAt } from './scene.js';
import { pointsUntil } from './series.js';
import { createStory } from './story.js';
import { Tale } from './tale.js';
import { createVerdicts } from './verdicts.js';

const SCENE_MS = 200;
const CHART_MS = 400;
const FRAME_MS = 16;
const ITEMS_MAX = 400;
const MINUTE_S = 60;
/** How much longer than expected the line is made when a run takes longer. */
const LONGER = 1.25;

/**
 * @param {HTMLElement} root
 * @param {string} run
 * @returns {Promise<Off>}
 */
export async function mountRun(root, run) {
    let view = await get(`/api/v1/runs/${encodeURIComponent(run)}`);
    // A run of a scenario that is not on the shelf any more can be shown all the same.
    const scenario = await get(`/api/v1/scenarios/${encodeURIComponent(view['scenario'])}`).catch(() => null);
    const tale = new Tale();
    const playhead = new Playhead(tale);
    const quiz = createQuiz(run);
    const verdicts = createVerdicts(scenario);
    const failures = createFailures();
    const story = createStory(run, playhead, () => (hasMoved = true));
    const controls = createControls(playhead, () => (hasMoved = true));
    const head = createHead(view['scenario'], story.root);
    const mapPlace = el('section', { class: 'panel scenarios-map', 'aria-label': t('scenarios.run.title_map') });
    const chartPlace = el('div', { class: 'scenarios-chart' });
    let hasMoved = true;
    let shownAt = 0;
    replace(
        root,
        el(
            'div',
            { class: 'scenarios-run' },
            head.root,
            mapPlace,
            el('div', { class: 'scenarios-side' }, quiz.root, verdicts.root, failures.root),
            el(
                'section',
                { class: 'panel scenarios-below', 'aria-label': t('scenarios.run.chart') },
                el('h2', { class: 'sr-only' }, t('scenarios.run.chart')),
                chartPlace,
                controls.root,
            ),
        ),
    );
    const map = createMap(mapPlace);
    const listeners = listenersOfLoads(scenario);
    const words = { check: checkWords, none: t('scenarios.check.none') };
    const span = { from: 0, to: MINUTE_S };
    /** @type {ChartHandle | null} */
    let chart = null;
    let charted = '';
    let marked = -1;
    let [sceneMs, chartMs, frame] = [0, 0, 0];

    /** The whole run as far as it can be foreseen: longer when it takes longer, and exact at its end. */
    function measure() {
        const start = tale.startAt === null ? 0 : playhead.beginning();
        const end = tale.end?.at ?? (goesOn(view) ? null : tale.lastAt);
        span.from = Math.min(start, end ?? start);
        if (end !== null) span.to = Math.max(end, span.from + 1);
        else {
            const expected = span.from + Number(scenario?.['minutes'] ?? 3) * MINUTE_S;
            span.to = Math.max(span.to, expected);
            while (span.to < tale.lastAt) span.to = span.from + (span.to - span.from) * LONGER;
        }
    }

    function drawChart() {
        const key = `${span.from}|${span.to}`;
        if (key !== charted || chart === null) {
            charted = key;
            chart?.close();
            const origin = tale.startAt ?? 0;
            const timeOf = (/** @type {number} */ agoS, /** @type {number} */ nowS) => shortClock(nowS - agoS - origin);
            chart = createChart(chartPlace, { windowS: span.to - span.from, timeOf });
            marked = -1;
        }
        const marks = tale.marks.filter(({ at, kind }) => at <= playhead.at && at >= span.from && kind in MARK_KINDS);
        if (marks.length !== marked) {
            marked = marks.length;
            chart.clear();
            for (const mark of marks) {
                const text = t(`scenarios.mark.${mark.kind}`, { text: bi(mark.words) });
                chart.mark({ atS: mark.at, kind: MARK_KINDS[mark.kind] ?? 'config', text });
            }
        }
        chart.setSeries({ nowS: span.to, points: pointsUntil(tale, span.from, playhead.at) });
    }

    /** @param {number} nowMs */
    function draw(nowMs) {
        frame = requestAnimationFrame(draw);
        const moved = playhead.step(nowMs);
        // What was under way at another moment is not under way at this one.
        if (moved.jumped || moved.from !== shownAt) map.resume();
        shownAt = playhead.at;
        if (!moved.jumped && moved.to > moved.from) {
            const clockOf = (/** @type {number} */ at) =>
                nowMs + ((at - moved.from) / (moved.to - moved.from)) * FRAME_MS;
            const items = itemsBetween(tale, moved.from, moved.to, clockOf, listeners);
            for (const item of items.slice(0, ITEMS_MAX)) map.send(item);
        }
        const isUrgent = hasMoved || moved.jumped;
        if (nowMs - sceneMs >= SCENE_MS || isUrgent) {
            sceneMs = nowMs;
            measure();
            map.setTimeScale(playhead.isFollowing ? 1 : Math.min(2, Math.max(0.5, playhead.rate)));
            if (tale.meta !== null) map.setScene(sceneAt(tale, scenario?.['topology'] ?? null, playhead.at, words));
            head.update(tale, view, playhead.at);
            quiz.update(tale, view, questionAt(tale, playhead.at), playhead.at);
            verdicts.update(tale, playhead.at);
            failures.update(tale, playhead.at);
            story.update(view);
            controls.update(tale, view, span);
        }
        if (nowMs - chartMs >= CHART_MS || isUrgent) {
            chartMs = nowMs;
            drawChart();
        }
        hasMoved = false;
    }

    const unfollow = followRun(run, tale, {
        onView: (next) => (view = next),
        onEnd(next) {
            view = next;
            hasMoved = playhead.isOver = true;
            if (next['error'] !== null) head.tell(`${next['error']['message']} (SIMLB-${next['error']['code']})`);
        },
        onTorn(line) {
            playhead.isOver = true;
            head.tell(t('scenarios.run.torn', { line }));
        },
        onOpen: (isOpen) => head.tell(isOpen ? '' : t('scenarios.run.gone')),
    });
    frame = requestAnimationFrame(draw);
    return () => {
        cancelAnimationFrame(frame);
        unfollow();
        quiz.close();
        controls.close();
        chart?.close();
        map.close();
    };
}

/** @type {Record<string, 'fault' | 'state' | 'config'>} */
const MARK_KINDS = {
    fault: 'fault',
    heal: 'fault',
    change: 'config',
    register: 'config',
    deregister: 'config',
    missed: 'state',
};

/** @param {Json} values */
function checkWords(values) {
    return t('scenarios.check.group', { path: '/', ...values });
}

/** Which listener a load's requests are for. @param {Json | null} scenario @returns {Map<string, string>} */
function listenersOfLoads(scenario) {
    const balancer = scenario?.['topology']['load_balancers'][0]?.['name'] ?? '';
    return new Map(
        /** @type {Json[]} */ (scenario?.['loads'] ?? []).map((load) => [load['id'], `${balancer}|${load['port']}`]),
    );
}
