// Requests per second: bars by who made the status and of which class, lines for latencies, marks for what happened. What
// targets answered is solid, what the load balancer answered itself is striped: the two are never one colour apart only.

/** @import {ChartHandle, ChartMark, ChartOptions, ChartSeries} from '../types.js' */
import { el, replace, setText, svg } from '../dom.js';
import { t } from '../words.js';
import { milliseconds } from './figures.js';
import { needStyles } from './styles.js';
import { OUTCOMES, classOf, fillOf, line, pattern, swatch } from './chart_key.js';
import { barsPath, linePath, niceTop, stacked } from './chart_paths.js';

/** Room around the bars for what the axes say, in letters. */
const MARGIN = { left: 3.1, right: 4.5, top: 1.8, bottom: 1.9 };
const LINES = 4;
const MARKS_MAX = 60;
const SPAN_MIN_S = 60;
let ids = 0;

/**
 * @param {HTMLElement} root
 * @param {ChartOptions} [options]
 * @returns {ChartHandle}
 */
export function createChart(root, { windowS = 180, timeOf = ago } = {}) {
    needStyles();
    ids += 1;
    const stripes = `live-stripes-${ids}`;
    const picture = svg('svg', { class: 'live-chart-picture', role: 'img' });
    const legend = el('ul', { class: 'live-chart-legend' });
    const heard = el('p', { class: 'sr-only' });
    replace(root, legend, picture, heard);
    /** @type {ChartSeries} */
    let series = { nowS: 0, points: [] };
    /** @type {ChartMark[]} */
    let marks = [];
    let [width, height] = [0, 0];
    let seen = '';

    const sizes = new ResizeObserver(([entry]) => {
        if (entry === undefined) return;
        ({ width, height } = entry.contentRect);
        draw();
    });
    sizes.observe(picture);

    function draw() {
        if (width < 120 || height < 80) return;
        const spanS = spanOf(series, windowS);
        const first = series.nowS - spanS;
        const points = series.points.filter(({ atS }) => atS > first - 1 && atS <= series.nowS);
        const present = OUTCOMES.filter((name) => points.some(({ outcomes }) => (outcomes[name] ?? 0) > 0));
        const letter = parseFloat(getComputedStyle(picture).fontSize) || 18;
        const plot = {
            x: MARGIN.left * letter,
            y: MARGIN.top * letter,
            w: width - (MARGIN.left + MARGIN.right) * letter,
            h: height - (MARGIN.top + MARGIN.bottom) * letter,
        };
        const top = niceTop(
            Math.max(1, ...points.map(({ outcomes }) => present.reduce((sum, name) => sum + (outcomes[name] ?? 0), 0))),
        );
        const topS = niceTop(Math.max(0.001, ...points.map(({ p95S, p50S }) => p95S ?? p50S ?? 0)) * 1000) / 1000;
        const layers = stacked(points, present);
        /** @param {number} atS */
        const x = (atS) => plot.x + ((atS - first) / spanS) * plot.w;
        /** @param {number} value */
        const y = (value) => plot.y + plot.h - (value / top) * plot.h;
        /** @param {number} seconds */
        const yOf = (seconds) => plot.y + plot.h - (seconds / topS) * plot.h;
        const bar = Math.max(1, (plot.w / spanS) * 0.86);
        picture.setAttribute('viewBox', `0 0 ${width} ${height}`);
        replace(
            picture,
            svg(
                'defs',
                null,
                pattern(stripes, 'live-stripe-bad'),
                pattern(`${stripes}-calm`, 'live-stripe-calm'),
                pattern(`${stripes}-warn`, 'live-stripe-warn'),
            ),
            Array.from({ length: LINES + 1 }, (_, index) => grid(index / LINES, plot, top, topS)).flat(),
            times(plot, spanS, series.nowS, timeOf),
            present.map((name, index) =>
                svg('path', {
                    class: `live-bar ${classOf(name)}`,
                    d: barsPath(layers[index] ?? [], x, y, bar),
                    fill: fillOf(name, stripes),
                }),
            ),
            svg('path', {
                class: 'live-p95',
                d: linePath(
                    points.map(({ atS, p95S }) => [atS, p95S]),
                    x,
                    yOf,
                ),
            }),
            svg('path', {
                class: 'live-p50',
                d: linePath(
                    points.map(({ atS, p50S }) => [atS, p50S]),
                    x,
                    yOf,
                ),
            }),
            marks.filter(({ atS }) => atS > first).map((mark) => flag(mark, x(mark.atS), plot)),
        );
        explain(present, points.at(-1));
    }

    /** @param {string[]} present @param {ChartSeries['points'][number] | undefined} last */
    function explain(present, last) {
        const key = present.join();
        if (key !== seen || legend.childElementCount === 0) {
            seen = key;
            replace(
                legend,
                present.map((name) => el('li', null, swatch(name), t(`live.outcome.${name.replace(' ', '_')}`))),
                el('li', null, line('live-p50'), t('live.chart.p50')),
                el('li', null, line('live-p95'), t('live.chart.p95')),
            );
        }
        const rate = last === undefined ? 0 : Object.values(last.outcomes).reduce((sum, value) => sum + value, 0);
        const failed = last === undefined ? 0 : (last.outcomes['elb 5xx'] ?? 0) + (last.outcomes['target 5xx'] ?? 0);
        picture.setAttribute(
            'aria-label',
            t('live.chart.label', { rate: Math.round(rate), failed: Math.round(failed) }),
        );
        const newest = marks.at(-1);
        if (newest !== undefined) setText(heard, newest.text);
    }

    return {
        setSeries(next) {
            series = next;
            draw();
        },
        mark(mark) {
            marks.push(mark);
            if (marks.length > MARKS_MAX) marks = marks.slice(-MARKS_MAX);
        },
        clear() {
            marks = [];
            series = { nowS: 0, points: [] };
            draw();
        },
        close() {
            sizes.disconnect();
            replace(root);
        },
    };
}

/** How much of the window is drawn: while there is little to show, the last minute.
 * @param {ChartSeries} series @param {number} windowS */
function spanOf({ nowS, points }, windowS) {
    const oldest = Math.min(nowS, ...points.map(({ atS }) => atS));
    return Math.min(windowS, Math.max(SPAN_MIN_S, Math.ceil((nowS - oldest) / SPAN_MIN_S) * SPAN_MIN_S));
}

/** @param {number} seconds before now */
function ago(seconds) {
    return seconds === 0
        ? t('live.chart.now')
        : `-${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`;
}

/** @param {number} part @param {{x: number, y: number, w: number, h: number}} plot @param {number} top @param {number} topS */
function grid(part, plot, top, topS) {
    const y = plot.y + plot.h * (1 - part);
    return [
        svg('line', { class: 'live-grid', x1: plot.x, x2: plot.x + plot.w, y1: y, y2: y }),
        svg('text', { class: 'live-axis', x: plot.x - 8, y: y + 6, 'text-anchor': 'end' }, axis(top * part)),
        svg(
            'text',
            { class: 'live-axis', x: plot.x + plot.w + 8, y: y + 6 },
            part === 0 ? '0' : milliseconds(topS * part),
        ),
    ];
}

/** @param {number} value */
function axis(value) {
    return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

/** @param {{x: number, y: number, w: number, h: number}} plot @param {number} windowS @param {number} nowS
 * @param {(agoS: number, nowS: number) => string} timeOf */
function times(plot, windowS, nowS, timeOf) {
    const parts = plot.w > 620 ? 6 : 3;
    return Array.from({ length: parts + 1 }, (_, index) => {
        const anchor = index === 0 ? 'start' : index === parts ? 'end' : 'middle';
        const x = plot.x + (plot.w * index) / parts;
        return svg(
            'text',
            { class: 'live-axis', x, y: plot.y + plot.h, dy: '1.4em', 'text-anchor': anchor },
            timeOf(windowS * (1 - index / parts), nowS),
        );
    });
}

/** @param {ChartMark} mark @param {number} x @param {{x: number, y: number, w: number, h: number}} plot */
function flag({ kind, text }, x, plot) {
    return svg(
        'g',
        { class: `live-mark live-mark-${kind}` },
        svg('title', null, text),
        svg('line', { x1: x, x2: x, y1: plot.y - 8, y2: plot.y + plot.h }),
        svg('path', { d: `M${x} ${plot.y - 24}l9 6-9 6z` }),
    );
}
