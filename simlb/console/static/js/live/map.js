// The map: clients, security group, listeners with their rules, target groups, targets. Tiles are elements, lines are SVG
// below them, and requests are dots on a canvas between the two.

/** @import {Item, MapHandle, MapOptions, Scene} from '../types.js' */
/** @import {Box, Leg, Route} from './geometry.js' */
/** @import {Tile} from './tiles.js' */
import { el, replace, setText, svg } from '../dom.js';
import { t } from '../words.js';
import { createDots } from './dots.js';
import { createFlow, isError } from './flow.js';
import { createLines } from './lines.js';
import { routeOf } from './geometry.js';
import { needStyles } from './styles.js';
import { clientTile, gateTile, groupTile, listenerTile, targetTile } from './tiles.js';
import { beginsZone, bounded, byZone } from './shown.js';
import { legsOf, namesOf, waysOf } from './ways.js';

const DIGITS = 9;
/**
 * @param {HTMLElement} root
 * @param {MapOptions} [options]
 * @returns {MapHandle}
 */
export function createMap(root, { onTarget = nothing, onGroup = nothing, onListener = nothing } = {}) {
    needStyles();
    const canvas = el('canvas', { class: 'live-map-dots', 'aria-hidden': 'true' });
    const paths = svg('svg', { class: 'live-map-lines', 'aria-hidden': 'true' });
    const columns = el('div', { class: 'live-map-columns' });
    const legend = el('p', { class: 'live-map-legend muted' });
    const sheet = el('div', { class: 'live-map-sheet' }, paths, canvas, columns);
    const scroller = el(
        'div',
        { class: 'live-map', tabindex: '0', role: 'group', 'aria-label': t('live.map.label') },
        sheet,
    );
    replace(root, scroller, legend);

    /** @type {Map<string, Tile<any>>} */
    const tiles = new Map();
    /** @type {Map<string, Route | null>} */
    const routes = new Map();
    /** @type {Scene} */
    let scene = { loadBalancers: [], groups: [] };
    /** @type {string | null} */
    let chosen = null;
    let outline = '';
    let moved = 0;
    const calm = window.matchMedia('(prefers-reduced-motion: reduce)');
    const lines = createLines(paths);
    const dots = createDots(canvas, wayOf);
    const flow = createFlow((dot) => {
        if (!calm.matches) dots.add(dot);
    });

    const sizes = new ResizeObserver(() => {
        if (moved === 0) moved = requestAnimationFrame(place);
    });
    sizes.observe(sheet);
    const theme = new MutationObserver(() => dots.repaint());
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });

    /** @param {string} id @param {() => Tile<any>} make @param {any} data */
    function tile(id, make, data) {
        let found = tiles.get(id);
        if (found === undefined) {
            found = make();
            tiles.set(id, found);
            sizes.observe(found.element);
        }
        found.update(data);
        return found.element;
    }

    /** Tiles and columns of a scene whose parts have changed. */
    function build() {
        /** @type {Set<string>} */
        const kept = new Set();
        /** @param {string} id @param {() => Tile<any>} make @param {any} data */
        const put = (id, make, data) => {
            kept.add(id);
            return tile(id, make, data);
        };
        let digit = 0;
        const blocks = scene.loadBalancers.map((balancer) => {
            const wanted = new Set(balancer.listeners.flatMap(({ rules }) => rules.flatMap(({ groups }) => groups)));
            return el(
                'section',
                { class: 'live-map-balancer', 'aria-label': balancer.name },
                el('div', { class: 'live-map-column' }, put(`client|${balancer.id}`, clientTile, 0)),
                el('div', { class: 'live-map-column' }, put(`gate|${balancer.id}`, gateTile, balancer.listeners)),
                el(
                    'div',
                    { class: 'live-map-column' },
                    balancer.listeners.map((one) => put(`listener|${one.id}`, () => listenerTile(onListener), one)),
                ),
                el(
                    'div',
                    { class: 'live-map-column live-map-groups' },
                    scene.groups
                        .filter((group) => wanted.has(group.id))
                        .map((group) =>
                            el(
                                'div',
                                { class: 'live-map-group' },
                                put(`group|${group.id}`, () => groupTile(onGroup), group),
                                el(
                                    'div',
                                    { class: 'live-map-targets', dataset: { many: String(group.targets.length > 4) } },
                                    byZone(group.targets).flatMap((target, index, all) => {
                                        digit += 1;
                                        const key = digit <= DIGITS ? digit : null;
                                        const data = { target, digit: key, isChosen: target.id === chosen };
                                        const zone = beginsZone(all, index)
                                            ? el('p', { class: 'live-zone' }, target.zone)
                                            : null;
                                        return [zone, put(`target|${target.id}`, () => targetTile(onTarget), data)];
                                    }),
                                    group.hidden
                                        ? el('p', { class: 'muted' }, t('live.map.more', { count: group.hidden }))
                                        : null,
                                ),
                            ),
                        ),
                ),
            );
        });
        for (const [id, { element }] of tiles) {
            if (kept.has(id)) continue;
            sizes.unobserve(element);
            tiles.delete(id);
        }
        replace(columns, blocks);
    }

    /** The tiles have their places: draw the lines, and let dots go along them. */
    function place() {
        moved = 0;
        const { width, height } = columns.getBoundingClientRect();
        dots.resize(width, height);
        lines.resize(width, height);
        routes.clear();
        /** @type {Map<string, Leg>} */
        const legs = new Map();
        for (const way of waysOf(scene)) for (const [name, leg] of legsOf(way, boxOf)) legs.set(name, leg);
        lines.draw(legs);
        dots.reroute();
    }

    /** @param {string} id @param {string} [part] @returns {Box | undefined} where a tile, or a part of it, stands in the sheet */
    function boxOf(id, part) {
        const bounds = (part === '' ? tiles.get(id)?.element : tiles.get(id)?.anchor(part))?.getBoundingClientRect();
        const origin = sheet.getBoundingClientRect();
        return bounds && { x: bounds.x - origin.x, y: bounds.y - origin.y, w: bounds.width, h: bounds.height };
    }

    /** @param {Item} item @returns {Route | null} */
    function wayOf(item) {
        const key = `${item.listener}|${item.rule}|${item.group}|${item.target}|${item.isHeld === true}`;
        let route = routes.get(key);
        if (route === undefined) {
            const legs = legsOf(item, boxOf);
            const used = item.isHeld ? legs.slice(0, 1) : legs;
            route = used.length === 0 ? null : routeOf(used.map(([, leg]) => leg));
            routes.set(key, route);
        }
        return route;
    }

    function tellScale() {
        const k = flow.perDot();
        setText(legend, [t(k === 1 ? 'live.map.one' : 'live.map.many', { count: k }), t('live.map.legend')].join(' '));
    }

    return {
        setScene(next) {
            scene = { ...next, groups: next.groups.map(bounded) };
            const wanted = JSON.stringify([
                scene.loadBalancers.map(({ id, listeners }) => [
                    id,
                    listeners.map((one) => [one.id, one.rules.map((rule) => rule.groups)]),
                ]),
                scene.groups.map(({ id, targets, hidden }) => [id, hidden, byZone(targets).map((target) => target.id)]),
                chosen,
            ]);
            const count = scene.groups.reduce((sum, { targets }) => sum + targets.length, 0);
            sheet.dataset['density'] = count <= 3 ? 'full' : count === 4 ? 'tall' : 'dense';
            if (wanted !== outline) {
                outline = wanted;
                build();
                place();
            }
            for (const balancer of scene.loadBalancers) {
                tiles.get(`client|${balancer.id}`)?.update(balancer.rate ?? 0);
                tiles.get(`gate|${balancer.id}`)?.update(balancer.listeners);
                for (const listener of balancer.listeners) tiles.get(`listener|${listener.id}`)?.update(listener);
            }
            let digit = 0;
            for (const group of scene.groups) {
                tiles.get(`group|${group.id}`)?.update(group);
                for (const target of byZone(group.targets)) {
                    digit += 1;
                    const data = { target, digit: digit <= DIGITS ? digit : null, isChosen: target.id === chosen };
                    tiles.get(`target|${target.id}`)?.update(data);
                }
            }
            lines.settle(performance.now(), calm.matches);
            tellScale();
        },
        send(item) {
            lines.count(namesOf(item), item, isError(item));
            flow.take(item);
        },
        choose(targetId) {
            chosen = targetId;
            for (const [id, { element }] of tiles) {
                if (id.startsWith('target|')) element.setAttribute('aria-pressed', String(id === `target|${targetId}`));
            }
        },
        targets: () => scene.groups.flatMap((group) => byZone(group.targets).map((target) => target.id)),
        elementOf: (targetId) => tiles.get(`target|${targetId}`)?.element ?? null,
        setTimeScale: (scale) => dots.setTimeScale(scale),
        pause: () => dots.pause(),
        resume() {
            flow.clear();
            dots.resume();
        },
        close() {
            sizes.disconnect();
            theme.disconnect();
            cancelAnimationFrame(moved);
            dots.close();
            replace(root);
        },
    };
}

function nothing() {}
