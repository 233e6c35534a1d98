// Which lines a request goes along, from its client to where it ends.

/** @import {Item, Scene} from '../types.js' */
/** @import {Box, Leg} from './geometry.js' */
import { into, outOf } from './geometry.js';

/** @typedef {Pick<Item, 'listener' | 'rule' | 'group' | 'target'>} Way */

/** @param {string} listener `my-alb|443` @returns {string} `my-alb` */
function balancerOf(listener) {
    return listener.slice(0, listener.lastIndexOf('|'));
}

/** @param {Item['rule']} rule @returns {string} the default rule is 0 to events, and nothing where none was looked for */
function ruleName(rule) {
    return rule === null || rule === 0 ? 'default' : String(rule);
}

/**
 * The names of the lines that a request goes along.
 * @param {Item} item
 * @returns {string[]}
 */
export function namesOf({ listener, rule, group, target, isHeld }) {
    const names = [`${balancerOf(listener)}>gate|${listener}`];
    if (isHeld) return names;
    names.push(`gate>${listener}`);
    if (group !== null) names.push(`${listener}|${ruleName(rule)}>${group}`);
    if (group !== null && target !== null) names.push(`${group}>${target}`);
    return names;
}

/**
 * Every way that a scene has.
 * @param {Scene} scene
 * @returns {Way[]}
 */
export function waysOf(scene) {
    return scene.loadBalancers.flatMap(({ listeners }) =>
        listeners.flatMap(({ id, rules }) => [
            { listener: id, rule: null, group: null, target: null },
            ...rules.flatMap((rule) =>
                rule.groups.flatMap((group) => {
                    const ids = scene.groups.find((one) => one.id === group)?.targets.map((target) => target.id) ?? [];
                    return [null, ...ids].map((target) => ({ listener: id, rule: rule.priority, group, target }));
                }),
            ),
        ]),
    );
}

/**
 * The lines of a way with their names, as far as there are tiles for it; none when the listener is not there.
 * @param {Way} way
 * @param {(id: string, part?: string) => Box | undefined} boxOf a tile's place, or a part's of it; '' is the whole of it
 * @returns {[string, Leg][]}
 */
export function legsOf({ listener, rule, group, target }, boxOf) {
    const balancer = balancerOf(listener);
    const [client, gate, port] = [
        boxOf(`client|${balancer}`),
        boxOf(`gate|${balancer}`, ''),
        boxOf(`gate|${balancer}`, listener),
    ];
    const [tile, head] = [boxOf(`listener|${listener}`, ''), boxOf(`listener|${listener}`)];
    if (!client || !gate || !port || !tile || !head) return [];
    const door = { ...gate, y: port.y, h: port.h };
    /** @type {[string, Leg][]} */
    const found = [
        [`${balancer}>gate|${listener}`, { from: outOf(client), to: into(door) }],
        [`gate>${listener}`, { from: outOf(door), to: into({ ...tile, y: head.y, h: head.h }) }],
    ];
    if (group === null) return found;
    const [row, groupTile] = [boxOf(`listener|${listener}`, ruleName(rule)), boxOf(`group|${group}`)];
    if (!row || !groupTile) return found;
    const exit = { ...tile, y: row.y, h: row.h };
    found.push([`${listener}|${ruleName(rule)}>${group}`, { from: outOf(exit), to: into(groupTile) }]);
    const end = target === null ? undefined : boxOf(`target|${target}`);
    if (end) found.push([`${group}>${target}`, { from: outOf(groupTile), to: into(end) }]);
    return found;
}
