// What kind of thing the course saves under which name, as its calls tell. Pure.

/** @import {Course} from './types.js' */

/**
 * Those under which lists are saved.
 * @param {Course} course
 * @returns {Set<string>}
 */
export function listsOf(course) {
    const calls = course.steps.flatMap((step) => [
        ...(step.calls ?? []),
        ...(step.prepare ?? []),
        ...(step.mistakes ?? []).flatMap((mistake) => [...(mistake.calls ?? []), ...(mistake.undo ?? [])]),
    ]);
    const saved = [...calls, ...Object.values(course.lookups)].flatMap((call) => Object.entries(call.save ?? {}));
    return new Set(saved.filter(([, path]) => path.includes('[]')).map(([name]) => name));
}

/**
 * Those of which members are used: `$NAME.Member`, or `{item.Member}` of a list that is made from them.
 * @param {Course} course
 * @returns {Set<string>}
 */
export function objectsOf(course) {
    const text = JSON.stringify(course.steps);
    const members = [...text.matchAll(/"[^"]*\$([A-Z][A-Z0-9_]*)(?:\[\d+\])?\.[A-Z]/g)];
    const items = [...text.matchAll(/"each":"\$([A-Z][A-Z0-9_]*)","as":(?:(?!"each").)*?\{item\.[A-Z]/g)];
    return new Set([...members, ...items].map(([, name]) => String(name)));
}
