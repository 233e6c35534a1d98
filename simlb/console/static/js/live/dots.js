// Requests as dots on a canvas: each leaves the client at its time, goes its way under the tiles, and shows its end. What the
// load balancer had to answer itself dies before the tile with the code beside it, and goes back to the client.

/** @import {Item} from '../types.js' */
/** @import {Route} from './geometry.js' */
import { isError } from './flow.js';
import { pointAt } from './geometry.js';

const LEG_MS = 300;
const BURST_MS = 900;
const LABEL_GAP_MS = 450;
const CALM_LABEL_GAP_MS = 1000;
const DOTS_MAX = 4000;
const HELD_MS = 2500;
/** A dot that is later than this is not shown at all: the tab was asleep. */
const LATE_MS = 1500;

/**
 * @typedef {{item: Item, route: Route, back: boolean, held: boolean, kind: Kind, startMs: number, lastMs: number}} Dot
 * @typedef {'good' | 'answered' | 'refused' | 'lb' | 'target'} Kind Who made the end and how: see `kindOf`.
 * @typedef {{x: number, y: number, text: string, kind: Kind, startMs: number}} Burst
 */

/** What its end looks like: a failure of the load balancer's making and one of the target's are two shapes.
 * @param {Item} item
 * @returns {Kind} */
export function kindOf(item) {
    if (item.isHeld) return 'lb';
    if (isError(item)) return item.targetStatus >= 500 ? 'target' : 'lb';
    if (item.elb >= 400) return 'refused';
    return item.targetStatus > 0 ? 'good' : 'answered';
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {(item: Item) => Route | null} routeFor the way of an item; null when its tiles are not there
 */
export function createDots(canvas, routeFor) {
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    /** @type {Item[]} */
    let waiting = [];
    /** @type {Dot[]} */
    let dots = [];
    /** @type {Burst[]} */
    let bursts = [];
    /** @type {Map<string, number>} */
    const labelled = new Map();
    let colours = coloursOf(canvas);
    let [width, height, ratio] = [0, 0, 1];
    let timeScale = 1;
    let isPaused = false;
    let frame = 0;

    /** @param {number} now */
    function begin(now) {
        let due = 0;
        while ((waiting[due]?.atMs ?? Infinity) <= now) due += 1;
        for (const item of waiting.splice(0, due)) {
            if (item.atMs < now - LATE_MS || dots.length >= DOTS_MAX) continue;
            const route = routeFor(item);
            if (route === null) continue;
            start(item, route, kindOf(item), false, item.atMs);
        }
    }

    /** @param {Item} item @param {Route} route @param {Kind} kind @param {boolean} back @param {number} startMs */
    function start(item, route, kind, back, startMs) {
        const lastMs = ((back ? LEG_MS * 0.7 : LEG_MS) * route.length) / timeScale;
        dots.push({ item, route, back, held: item.isHeld === true, kind, startMs, lastMs });
    }

    /** @param {Dot} dot @param {number} now */
    function end(dot, now) {
        if (dot.back) return;
        const { x, y } = pointAt(dot.route, 1);
        if (dot.kind === 'good') return;
        const place = `${Math.round(x)},${Math.round(y)}`;
        const mayLabel =
            now - (labelled.get(place) ?? -Infinity) > (isError(dot.item) ? LABEL_GAP_MS : CALM_LABEL_GAP_MS);
        if (mayLabel) labelled.set(place, now);
        const text = mayLabel ? (dot.item.label ?? String(dot.item.elb || '✕')) : '';
        if (bursts.length < 200) bursts.push({ x, y, text, kind: dot.kind, startMs: now });
        start(dot.item, dot.route, dot.kind, true, now);
    }

    /** @param {number} now */
    function draw(now) {
        frame = 0;
        begin(now);
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        context.clearRect(0, 0, width, height);
        /** @type {Dot[]} */
        const going = [];
        // What `end` adds - the way back to the client - is reached by the same loop.
        for (const dot of dots) {
            const part = (now - dot.startMs) / dot.lastMs;
            if (part < 1 || (dot.held && now < dot.startMs + dot.lastMs + HELD_MS)) {
                going.push(dot);
                drawDot(dot, Math.max(0, Math.min(part, 1)), now);
            } else if (!dot.held) {
                end(dot, now);
            }
        }
        dots = going;
        bursts = bursts.filter((burst) => now - burst.startMs < BURST_MS);
        for (const burst of bursts) drawBurst(burst, (now - burst.startMs) / BURST_MS);
        if (dots.length > 0 || bursts.length > 0 || waiting.length > 0) schedule();
    }

    /** @param {Dot} dot @param {number} part @param {number} now */
    function drawDot(dot, part, now) {
        const { x, y } = pointAt(dot.route, dot.back ? 1 - part : part);
        const size = Math.min(4 + Math.log2(Math.max(1, dot.item.count)), 8);
        const hasFailed = dot.kind === 'lb' || dot.kind === 'target';
        context.fillStyle = dot.back || dot.held ? colours[dot.kind] : colours[hasFailed ? dot.kind : 'good'];
        context.globalAlpha =
            dot.held && part >= 1 ? Math.max(0.15, 1 - (now - dot.startMs - dot.lastMs) / HELD_MS) : 1;
        context.beginPath();
        if (dot.kind === 'target' || dot.kind === 'refused') context.rect(x - size, y - size, 2 * size, 2 * size);
        else context.arc(x, y, size, 0, 6.2832);
        context.fill();
        if (hasFailed) cross(x, y, size * 0.55, colours.panel, 2);
        context.globalAlpha = 1;
    }

    /** @param {Burst} burst @param {number} part */
    function drawBurst({ x, y, text, kind }, part) {
        context.globalAlpha = 1 - part;
        context.strokeStyle = colours[kind];
        context.lineWidth = 2.5;
        context.beginPath();
        const size = 5 + 16 * part;
        if (kind === 'target') context.rect(x - size, y - size, 2 * size, 2 * size);
        else context.arc(x, y, size, 0, 6.2832);
        context.stroke();
        if (kind === 'lb') cross(x, y, 9, colours.lb, 3.5);
        if (text !== '') {
            context.globalAlpha = Math.min(1, 2 - 2 * part);
            context.font = `700 ${colours.size}px ${colours.font}`;
            context.textAlign = 'right';
            context.lineWidth = 5;
            context.strokeStyle = colours.panel;
            context.strokeText(text, x - 14, y - 12 - 14 * part);
            context.fillStyle = colours[kind];
            context.fillText(text, x - 14, y - 12 - 14 * part);
        }
        context.globalAlpha = 1;
    }

    /** @param {number} x @param {number} y @param {number} size @param {string} colour @param {number} line */
    function cross(x, y, size, colour, line) {
        context.strokeStyle = colour;
        context.lineWidth = line;
        context.beginPath();
        context.moveTo(x - size, y - size);
        context.lineTo(x + size, y + size);
        context.moveTo(x + size, y - size);
        context.lineTo(x - size, y + size);
        context.stroke();
    }

    function schedule() {
        if (frame === 0 && !isPaused && !document.hidden) frame = requestAnimationFrame(draw);
    }

    function forget() {
        if (document.hidden) [waiting, dots, bursts] = [[], [], []];
        else schedule();
    }
    document.addEventListener('visibilitychange', forget);

    return {
        /** @param {Item} item */
        add(item) {
            if (isPaused || document.hidden || waiting.length >= DOTS_MAX) return;
            let place = waiting.length;
            while (place > 0 && (waiting[place - 1]?.atMs ?? 0) > item.atMs) place -= 1;
            waiting.splice(place, 0, item);
            schedule();
        },
        /** @param {number} w @param {number} h in CSS pixels */
        resize(w, h) {
            ratio = Math.min(window.devicePixelRatio || 1, 2);
            [width, height] = [w, h];
            canvas.width = Math.round(w * ratio);
            canvas.height = Math.round(h * ratio);
            canvas.style.width = `${w}px`;
            canvas.style.height = `${h}px`;
        },
        /** Take the colours again: the theme has changed. */
        repaint() {
            colours = coloursOf(canvas);
        },
        /** The tiles have moved: dots under way go on along the new lines. */
        reroute() {
            for (const dot of dots) dot.route = routeFor(dot.item) ?? dot.route;
        },
        /** @param {number} scale */
        setTimeScale(scale) {
            timeScale = Math.max(0.1, scale);
        },
        pause() {
            isPaused = true;
            cancelAnimationFrame(frame);
            frame = 0;
        },
        resume() {
            isPaused = false;
            [waiting, dots, bursts] = [[], [], []];
            schedule();
        },
        close() {
            isPaused = true;
            cancelAnimationFrame(frame);
            document.removeEventListener('visibilitychange', forget);
        },
    };
}

/** @param {Element} node */
function coloursOf(node) {
    const style = getComputedStyle(node);
    /** @param {string} name */
    const of = (name) => style.getPropertyValue(name).trim();
    return {
        good: of('--info'),
        answered: of('--info'),
        refused: of('--warn'),
        lb: of('--bad'),
        target: of('--bad'),
        panel: of('--panel'),
        font: style.fontFamily,
        size: Math.max(18, parseFloat(style.fontSize) || 18),
    };
}
