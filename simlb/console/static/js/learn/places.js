/**
 * Places in the course's calls, filled with what was typed and what earlier calls have saved. Pure.
 *
 *     {name} {6.name}           a field of this step, of another one
 *     {now}                     milliseconds since 1970, for what has to be another one each time
 *     $GROUP $SUBNETS[0]        what a call has saved, one of a list, $ZONE.Name a member
 *     {each: $A, as: ...}       a list made from another one, with {item} and {item.Name} in it
 *
 * For a call the values are wanted (`values`); for a command that a person types the names of the variables (`named`).
 */

/** In place of an item: its name is to be shown. */
const ITEM = Symbol('item');

/** What was saved under a name, where its name is to be shown. */
export class Saved {
    /** @param {string} name @param {string} path `[0]`, `.Name`, or nothing @param {any} value undefined: not there yet */
    constructor(name, path, value) {
        this.name = name;
        this.path = path;
        this.value = value;
    }
}

/** A text that has such names in it. */
export class Joined {
    /** @param {(string | Saved)[]} parts */
    constructor(parts) {
        this.parts = parts;
    }
}

/** A list that is made from another one, where that one's name is to be shown. */
export class Each {
    /** @param {Saved} list @param {any} made with `Saved('ITEM', ...)` in it @param {any[] | undefined} values what it comes to, once that is known */
    constructor(list, made, values) {
        this.list = list;
        this.made = made;
        this.values = values;
    }
}

/**
 * @typedef {object} Scope
 * @property {number} step
 * @property {(step: number, field: string) => any} field what was typed there
 * @property {Record<string, any>} saved
 * @property {number} [now]
 */

/** Not after a #: `#{path}` is a word of AWS's redirects. */
const PLACE =
    /(?<!#)\{(?:(\d+)\.)?([a-z][a-z0-9_]*)((?:\.\w+|\[\d+\])*)\}|\$([A-Z][A-Z0-9_]*)((?:\.[A-Za-z]\w*|\[\d+\])*)/g;

/**
 * With the values of all places.
 * @param {any} template @param {Scope} scope
 * @returns {{value: any, missing: string[]}} missing: saved names that are not there yet
 */
export function values(template, scope) {
    /** @type {Set<string>} */
    const missing = new Set();
    const value = expand(template, scope, undefined, (saved) => {
        if (saved.value === undefined) missing.add(saved.name);
        return saved.value;
    });
    return { value, missing: [...missing] };
}

/**
 * With `Saved` and `Joined` in it.
 * @param {any} template @param {Scope} scope
 * @returns {any}
 */
export function named(template, scope) {
    return withTruth(expand(template, scope, undefined, (saved) => saved));
}

/** The only truth value of the course that a field chooses: texts of it are none to boto3. @param {any} value @returns {any} */
function withTruth(value) {
    if (Array.isArray(value)) return value.map(withTruth);
    if (typeof value !== 'object' || value === null || value instanceof Saved || value instanceof Joined) return value;
    if (value instanceof Each) return new Each(value.list, withTruth(value.made), withTruth(value.values));
    return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => [
            name,
            name === 'EvaluateTargetHealth' ? String(inner) === 'true' : withTruth(inner),
        ]),
    );
}

/**
 * @param {any} template @param {Scope} scope @param {any} item @param {(saved: Saved) => any} show
 * @returns {any}
 */
function expand(template, scope, item, show) {
    if (Array.isArray(template)) return template.map((each) => expand(each, scope, item, show));
    if (typeof template === 'string') return fill(template, scope, item, show);
    if (typeof template !== 'object' || template === null) return template;
    if ('each' in template && 'as' in template) {
        const list = expand(template.each, scope, item, (saved) => saved);
        const found = list instanceof Saved ? list.value : list;
        const made = Array.isArray(found) ? found.map((each) => expand(template.as, scope, each, show)) : undefined;
        if (!(list instanceof Saved)) return made ?? [];
        const shown = show(list);
        // Whoever wants values gets them; whoever wants names gets the rule.
        return shown instanceof Saved ? new Each(list, expand(template.as, scope, ITEM, show), made) : (made ?? shown);
    }
    return Object.fromEntries(Object.entries(template).map(([name, each]) => [name, expand(each, scope, item, show)]));
}

/** @param {string} text @param {Scope} scope @param {any} item @param {(saved: Saved) => any} show */
function fill(text, scope, item, show) {
    /** @type {any[]} */
    const parts = [];
    let end = 0;
    for (const match of text.matchAll(PLACE)) {
        const [whole, step, name = '', members = '', saved, path = ''] = match;
        if (match.index > end) parts.push(text.slice(end, match.index));
        end = match.index + whole.length;
        if (saved !== undefined) parts.push(show(new Saved(saved, path, within(scope.saved[saved], path))));
        else if (name === 'item' && item === ITEM) parts.push(new Saved('ITEM', members, undefined));
        else if (name === 'item' && item !== undefined) parts.push(within(item, members));
        else if (name === 'now' && step === undefined) parts.push(scope.now);
        else parts.push(within(scope.field(step === undefined ? scope.step : Number(step), name), members));
    }
    if (end === 0) return text;
    if (end < text.length) parts.push(text.slice(end));
    if (parts.length === 1) return parts[0];
    if (!parts.some((part) => part instanceof Saved)) return parts.map((part) => part ?? '').join('');
    return new Joined(parts.map((part) => (part instanceof Saved ? part : String(part ?? ''))));
}

/**
 * A member of a value: `[0]`, `.Name`, `[Port=80]` for the first one with that, `[].SubnetId` for that of every one.
 * @param {any} value @param {string} path
 * @returns {any} undefined where there is none
 */
export function within(value, path) {
    let found = value;
    const steps = path.match(/\[[^\]]*\]|[^.[\]]+/g) ?? [];
    for (const [index, step] of steps.entries()) {
        if (found === undefined || found === null) return undefined;
        if (step === '[]') {
            const rest = steps
                .slice(index + 1)
                .reduce((all, each) => all + (each.startsWith('[') ? each : `.${each}`), '');
            const inner = (Array.isArray(found) ? found : []).map((each) => within(each, rest));
            return rest.includes('[]') ? inner.flat() : inner;
        }
        found = step.startsWith('[') ? one(found, step.slice(1, -1)) : found[step];
    }
    return found ?? undefined;
}

/**
 * @param {any} list
 * @param {string} which a number, or `Port=80`
 */
function one(list, which) {
    const end = which.indexOf('=');
    if (end < 0) return list[Number(which)];
    const [name, value] = [which.slice(0, end), which.slice(end + 1)];
    return Array.isArray(list) ? list.find((each) => String(each[name]) === value) : undefined;
}
