// The chart's arithmetic: what stands on what, and the paths that draw it. No page is needed for it.

/** @import {ChartSeries} from '../types.js' */

/** @typedef {{atS: number, from: number, to: number}} Bar */

/**
 * Each outcome's bars on those of the outcomes before it.
 * @param {ChartSeries['points']} points
 * @param {string[]} names from the bottom up
 * @returns {Bar[][]} one list for each name, without bars of no height
 */
export function stacked(points, names) {
    const heights = points.map(() => 0);
    return names.map((name) => {
        /** @type {Bar[]} */
        const bars = [];
        points.forEach(({ atS, outcomes }, index) => {
            const value = outcomes[name] ?? 0;
            if (value <= 0) return;
            const from = heights[index] ?? 0;
            bars.push({ atS, from, to: from + value });
            heights[index] = from + value;
        });
        return bars;
    });
}

/**
 * All bars of one outcome as one path: a page draws ten paths a second with ease, not a thousand rectangles.
 * @param {Bar[]} bars
 * @param {(atS: number) => number} x
 * @param {(value: number) => number} y
 * @param {number} width
 */
export function barsPath(bars, x, y, width) {
    return bars
        .map(
            ({ atS, from, to }) =>
                `M${(x(atS) - width).toFixed(1)} ${y(from).toFixed(1)}V${y(to).toFixed(1)}h${width.toFixed(1)}V${y(from).toFixed(1)}z`,
        )
        .join('');
}

/**
 * A line with a gap wherever there is no value.
 * @param {[number, number | null][]} values by time
 * @param {(atS: number) => number} x
 * @param {(value: number) => number} y
 */
export function linePath(values, x, y) {
    let isDown = false;
    let path = '';
    for (const [atS, value] of values) {
        if (value === null) {
            isDown = false;
            continue;
        }
        path += `${isDown ? 'L' : 'M'}${x(atS).toFixed(1)} ${y(value).toFixed(1)}`;
        isDown = true;
    }
    return path;
}

/**
 * The round number at or above a value that an axis can end with, so that its quarters are easy to read.
 * @param {number} value above 0
 */
export function niceTop(value) {
    const power = 10 ** Math.floor(Math.log10(value));
    for (const one of [1, 2, 4, 6, 8, 10]) {
        if (value <= one * power * 1.0001) return Math.max(one * power, 0.004);
    }
    return 10 * power;
}
