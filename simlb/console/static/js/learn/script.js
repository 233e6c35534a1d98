// All calls of a step as a person would type them: with the AWS CLI, and with boto3.

/** @import {Store} from './store.js' */
/** @import {StepCall} from './types.js' */

import { boto3, imports } from './boto3.js';
import { cli } from './cli.js';
import { curlArguments } from './links.js';
import { Saved } from './places.js';
import { wanted } from './run.js';

/**
 * @param {Store} store @param {number} step @param {StepCall[]} calls
 * @returns {{cli: string, boto3: string}}
 */
export function script(store, step, calls) {
    const made = wanted(store, step, calls);
    const context = {
        scope: spelled(store, step),
        region: store.region,
        lists: store.lists,
        objects: store.objects,
        curl: (/** @type {string} */ url) => curlArguments(store.status, url),
    };
    const commands = made.map((call) => cli(call, context));
    const program = made.map((call) => boto3(call, context));
    const { id } = store.step(step);
    // The environment says it, unless another one is chosen.
    const isOwn = id !== 'region' && store.region === store.status?.['region'];
    if (id === 'start') commands.unshift(environment(store));
    if (id === 'region') {
        commands.unshift(`export AWS_REGION=${store.region} AWS_DEFAULT_REGION=${store.region}`);
    }
    return {
        cli: commands.join('\n\n'),
        boto3: [imports(made, isOwn ? undefined : store.region).join('\n'), ...program].filter(Boolean).join('\n\n'),
    };
}

/**
 * The fields as values; what was chosen among what is saved, by the name under which it is.
 * @param {Store} store
 * @param {number} number
 * @returns {import('./places.js').Scope}
 */
function spelled(store, number) {
    const scope = store.scope(number);
    return {
        ...scope,
        field: (step, id) => {
            const value = scope.field(step, id);
            const field = store.step(step).fields?.find((each) => each.id === id);
            const source = field?.from ?? field?.value;
            if (typeof source !== 'string' || !/^\$[A-Z][A-Z0-9_]*$/.test(source)) return value;
            const name = source.slice(1);
            const offered = store.saved[name];
            if (JSON.stringify(value) === JSON.stringify(offered)) return new Saved(name, '', offered);
            const index = Array.isArray(offered) ? offered.indexOf(value) : -1;
            return index < 0 ? value : new Saved(name, `[${index}]`, value);
        },
    };
}

/** What points AWS's clients here. @param {Store} store */
function environment(store) {
    const name = String(store.status?.['name'] ?? '');
    return /^[\w.-]+$/.test(name) && name !== 'default'
        ? `eval "$(simlb env --instance ${name})"`
        : 'eval "$(simlb env)"';
}
