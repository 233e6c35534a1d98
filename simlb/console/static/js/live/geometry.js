// Where the map's lines run: from the places of tiles to curves, and from curves to points that a dot goes along.

/**
 * @typedef {{x: number, y: number}} Point
 * @typedef {{x: number, y: number, w: number, h: number}} Box A tile's place in the map, in CSS pixels.
 * @typedef {{from: Point, to: Point}} Leg One line between two tiles; between legs a dot passes under a tile.
 * @typedef {{points: Float32Array, steps: number, length: number}} Route Positions at equal steps of time, x and y in turn.
 */

const STEPS = 72;
/** How much of a leg's time passing under a tile takes. */
const UNDER = 0.22;

/** @param {Box} box @returns {Point} the middle of its right side */
export function outOf(box) {
    return { x: box.x + box.w, y: box.y + box.h / 2 };
}

/** @param {Box} box @returns {Point} the middle of its left side */
export function into(box) {
    return { x: box.x, y: box.y + box.h / 2 };
}

/**
 * A leg as SVG draws it: level at both ends.
 * @param {Leg} leg
 */
export function pathOf({ from, to }) {
    const bend = bendOf(from, to);
    const [a, b, c, d] = [from, { x: from.x + bend, y: from.y }, { x: to.x - bend, y: to.y }, to];
    return `M${round(a.x)} ${round(a.y)}C${round(b.x)} ${round(b.y)} ${round(c.x)} ${round(c.y)} ${round(d.x)} ${round(d.y)}`;
}

/**
 * The point of a leg at a part of its way, 0 to 1.
 * @param {Leg} leg
 * @param {number} part
 * @returns {Point}
 */
export function pointOn({ from, to }, part) {
    const bend = bendOf(from, to);
    const rest = 1 - part;
    const [p, q, r, s] = [rest ** 3, 3 * rest * rest * part, 3 * rest * part * part, part ** 3];
    return {
        x: p * from.x + q * (from.x + bend) + r * (to.x - bend) + s * to.x,
        y: p * from.y + q * from.y + r * to.y + s * to.y,
    };
}

/**
 * The whole way of a request through these legs.
 * @param {Leg[]} legs at least one
 * @returns {Route}
 */
export function routeOf(legs) {
    const points = new Float32Array(2 * (STEPS + 1));
    const total = legs.length + UNDER * (legs.length - 1);
    for (let step = 0; step <= STEPS; step += 1) {
        const { x, y } = at(legs, (step / STEPS) * total);
        points[2 * step] = x;
        points[2 * step + 1] = y;
    }
    return { points, steps: STEPS, length: total };
}

/**
 * Where on a route a part of its way, 0 to 1, is.
 * @param {Route} route
 * @param {number} part
 * @returns {Point}
 */
export function pointAt({ points, steps }, part) {
    const place = Math.max(0, Math.min(part, 1)) * steps;
    const step = Math.min(Math.floor(place), steps - 1);
    const rest = place - step;
    const [x, y] = [points[2 * step] ?? 0, points[2 * step + 1] ?? 0];
    return { x: x + ((points[2 * step + 2] ?? x) - x) * rest, y: y + ((points[2 * step + 3] ?? y) - y) * rest };
}

/** @param {Leg[]} legs @param {number} time in legs @returns {Point} */
function at(legs, time) {
    const whole = 1 + UNDER;
    const index = Math.min(Math.floor(time / whole), legs.length - 1);
    const part = time - index * whole;
    const [leg, next] = [legs[index], legs[index + 1]];
    if (leg === undefined) return { x: 0, y: 0 };
    if (part <= 1 || next === undefined) return pointOn(leg, Math.min(part, 1));
    const under = (part - 1) / UNDER;
    const { to } = leg;
    const { from } = next;
    return { x: to.x + (from.x - to.x) * under, y: to.y + (from.y - to.y) * under };
}

/** @param {Point} from @param {Point} to */
function bendOf(from, to) {
    return Math.max(12, Math.abs(to.x - from.x) * 0.5);
}

/** @param {number} value */
function round(value) {
    return Math.round(value * 10) / 10;
}
