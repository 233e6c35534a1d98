// All calls of a step as a person would type them: with the AWS CLI, and with boto3.

/** @import {Store} from './store.js' */
/** @import {StepCall} from './types.js' */

import { boto3, imports } from './boto3.js';
import { cli } from './cli.js';
import { curlArguments } from './links.js';
import { wanted } from './run.js';

/**
 * @param {Store} store @param {number} step @param {StepCall[]} calls
 * @returns {{cli: string, boto3: string}}
 */
export function script(store, step, calls) {
    const made = wanted(store, step, calls);
    const context = {
        scope: store.scope(step),
        region: store.region,
        lists: store.lists,
        curl: (/** @type {string} */ url) => curlArguments(store.status, url),
    };
    const commands = made.map((call) => cli(call, context));
    const program = made.map((call) => boto3(call, context));
    const { id } = store.step(step);
    if (id === 'start') commands.unshift(environment(store));
    if (id === 'region') {
        commands.unshift(`export AWS_DEFAULT_REGION=${store.region}`);
        program.unshift(`boto3.setup_default_session(region_name=${JSON.stringify(store.region)})`);
    }
    return { cli: commands.join('\n\n'), boto3: [imports(made).join('\n'), ...program].filter(Boolean).join('\n\n') };
}

/** What points AWS's clients here. @param {Store} store */
function environment(store) {
    const name = String(store.status?.['name'] ?? '');
    return /^[\w.-]+$/.test(name) ? `eval "$(simlb env --instance ${name})"` : 'eval "$(simlb env)"';
}
