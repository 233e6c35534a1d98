// Which targets a map shows, and in which order.

/** @import {GroupScene, TargetScene} from '../types.js' */

/** More than these of one group are not shown one by one, unless something is wrong with them. */
const TARGETS_MAX = 24;

/** @param {TargetScene[]} targets in the order of their zones, which stays within a zone as it was */
export function byZone(targets) {
    const zones = [...new Set(targets.map(({ zone }) => zone ?? ''))].sort();
    return zones.flatMap((zone) => targets.filter((target) => (target.zone ?? '') === zone));
}

/** @param {GroupScene} group with no more targets than a map can show: those that are well make room */
export function bounded(group) {
    if (group.targets.length <= TARGETS_MAX) return group;
    let room =
        TARGETS_MAX - group.targets.filter((target) => target.state !== 'healthy' || target.failing !== null).length;
    const targets = group.targets.filter(
        (target) => target.state !== 'healthy' || target.failing !== null || (room -= 1) >= 0,
    );
    return { ...group, targets, hidden: group.targets.length - targets.length };
}

/** Whether a zone's name stands above a target: above the first of each, when there are several.
 * @param {TargetScene[]} targets in the order of their zones @param {number} index */
export function beginsZone(targets, index) {
    const isOne = targets.every(({ zone }) => zone === targets[0]?.zone);
    return !isOne && targets[index]?.zone !== targets[index - 1]?.zone;
}
