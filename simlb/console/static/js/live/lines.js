// The lines between tiles. How wide one is tells how much goes along it, and the red part how much of that fails: this is
// all that moves for those who asked for less motion.

/** @import {Leg} from './geometry.js' */
import { replace, svg } from '../dom.js';
import { pathOf, pointOn } from './geometry.js';

const SPAN_MS = 3000;
const WIDTH_MAX = 14;

/** @param {number} perSecond @returns {number} px: 1.5 for nothing, and twice the width for about six times the rate */
export function widthOf(perSecond) {
    return perSecond <= 0 ? 1.5 : Math.min(WIDTH_MAX, 2 + 3.2 * Math.log10(1 + perSecond));
}

/** @param {SVGSVGElement} root */
export function createLines(root) {
    /** @type {Map<string, {leg: Leg, all: SVGPathElement, failed: SVGPathElement, label: SVGTextElement}>} */
    const drawn = new Map();
    /** @type {Map<string, {atMs: number, count: number, failed: number}[]>} */
    const gone = new Map();

    return {
        /** @param {number} width @param {number} height */
        resize(width, height) {
            root.setAttribute('viewBox', `0 0 ${width} ${height}`);
            root.setAttribute('width', String(width));
            root.setAttribute('height', String(height));
        },
        /** @param {Map<string, Leg>} legs by name */
        draw(legs) {
            for (const name of [...drawn.keys()]) if (!legs.has(name)) drawn.delete(name);
            for (const name of [...gone.keys()]) if (!legs.has(name)) gone.delete(name);
            for (const [name, leg] of legs) {
                const line = drawn.get(name) ?? {
                    leg,
                    all: svg('path', { class: 'live-line' }),
                    failed: svg('path', { class: 'live-line-failed', 'stroke-width': 0 }),
                    label: svg('text', { class: 'live-line-label', 'text-anchor': 'middle' }),
                };
                line.leg = leg;
                line.all.setAttribute('d', pathOf(leg));
                line.failed.setAttribute('d', pathOf(leg));
                const middle = pointOn(leg, 0.5);
                line.label.setAttribute('x', String(middle.x));
                line.label.setAttribute('y', String(middle.y - 10));
                drawn.set(name, line);
            }
            const all = [...drawn.values()];
            replace(
                root,
                all.map(({ all: path }) => path),
                all.map(({ failed }) => failed),
                all.map(({ label }) => label),
            );
        },
        /** @param {string[]} names @param {{atMs: number, count: number}} item @param {boolean} hasFailed */
        count(names, { atMs, count }, hasFailed) {
            for (const name of names) {
                const seen = gone.get(name) ?? [];
                gone.set(name, seen);
                const last = seen.at(-1);
                // In steps of a quarter of a second: few, whatever the rate.
                if (last !== undefined && atMs - last.atMs < 250) {
                    last.count += count;
                    last.failed += hasFailed ? count : 0;
                } else {
                    seen.push({ atMs, count, failed: hasFailed ? count : 0 });
                }
            }
        },
        /** Widths of the last seconds. @param {number} now @param {boolean} isCalm whether lines are all that is shown */
        settle(now, isCalm) {
            for (const [name, { all, failed, label }] of drawn) {
                const seen = (gone.get(name) ?? []).filter((one) => one.atMs > now - SPAN_MS);
                gone.set(name, seen);
                let [count, bad] = [0, 0];
                for (const one of seen) [count, bad] = [count + one.count, bad + one.failed];
                const rate = (count * 1000) / SPAN_MS;
                all.setAttribute('stroke-width', String(isCalm ? widthOf(rate) : Math.min(widthOf(rate), 3)));
                all.classList.toggle('live-line-busy', rate > 0);
                const part = count === 0 ? 0 : bad / count;
                failed.setAttribute(
                    'stroke-width',
                    String(bad === 0 || !isCalm ? 0 : Math.max(2, widthOf(rate) * part)),
                );
                label.textContent = isCalm && rate > 0 ? String(rate >= 10 ? Math.round(rate) : rate.toFixed(1)) : '';
            }
        },
    };
}
