/** A call as Python with boto3. Pure. What a call saves becomes a variable. */

import { kebab, plainUrl } from './cli.js';
import { Each, Joined, Saved, named } from './places.js';

/** @typedef {import('./cli.js').Call} Call */
/** @typedef {import('./cli.js').Context} Context */

/** Of a list or a dictionary that is not broken. */
const LINE_CHARS = 36;

/**
 * @param {Call} call @param {Context} context
 * @returns {string}
 */
export function boto3(call, context) {
    const parameters = named(call.parameters ?? {}, context.scope);
    if (call.service === 'client') return requested(parameters, context);
    const region = named(call.region ?? '', context.scope);
    const client =
        region && region !== context.region
            ? `boto3.client(${python(call.service)}, region_name=${python(region)})`
            : call.service;
    const given = Object.entries(parameters).map(([name, value]) => `${name}=${python(value)}`);
    const asked = `${client}.${snake(call.operation)}(${laidOut(given)})`;
    if (call.fails) return refused(asked, call.fails);
    const saved = Object.entries(call.save ?? {});
    if (saved.length === 0) return asked;
    const [first] = saved;
    if (first !== undefined && saved.length === 1) return `${first[0].toLowerCase()} = ${taken(asked, first[1])}`;
    return [
        `answer = ${asked}`,
        ...saved.map(([name, path]) => `${name.toLowerCase()} = ${taken('answer', path)}`),
    ].join('\n');
}

/**
 * The lines before the calls: imports and clients.
 * @param {Call[]} calls
 * @param {string} [region] of the clients, where it is to be said
 * @returns {string[]}
 */
export function imports(calls, region) {
    const services = [...new Set(calls.map((call) => call.service))];
    const where = region === undefined ? '' : `, region_name=${python(region)}`;
    const lines = [];
    if (services.some((service) => service !== 'client')) lines.push('import boto3');
    if (services.includes('client')) lines.push('import subprocess');
    if (calls.some((call) => call.fails)) lines.push('import botocore.exceptions');
    lines.sort();
    for (const service of services.filter((name) => name !== 'client'))
        lines.push(`${service} = boto3.client(${python(service)}${where})`);
    return lines;
}

/** @param {string} asked @param {string} code */
function refused(asked, code) {
    const indented = asked.replaceAll('\n', '\n    ');
    return `try:\n    ${indented}\nexcept botocore.exceptions.ClientError as error:\n    print(error)  # ${code}`;
}

/** @param {string[]} given */
function laidOut(given) {
    const line = given.join(', ');
    if (line.length <= LINE_CHARS - 2 && !line.includes('\n')) return line;
    return `\n${given.map((each) => `    ${each.replaceAll('\n', '\n    ')},\n`).join('')}`;
}

/**
 * A value as Python writes it.
 * @param {any} value
 * @returns {string}
 */
export function python(value) {
    if (value === null || value === undefined) return 'None';
    if (typeof value === 'boolean') return value ? 'True' : 'False';
    if (typeof value === 'number') return String(value);
    if (value instanceof Saved) return variable(value);
    if (value instanceof Joined) {
        const parts = value.parts.map((part) =>
            part instanceof Saved
                ? `{${variable(part).replaceAll('"', "'")}}`
                : quoted(part).slice(1, -1).replace(/[{}]/g, '$&$&'),
        );
        return `f"${parts.join('')}"`;
    }
    if (value instanceof Each) return comprehension(value);
    if (Array.isArray(value)) return listed('[', value.map(python), ']');
    if (typeof value === 'object') {
        return listed(
            '{',
            Object.entries(value).map(([name, inner]) => `${quoted(name)}: ${python(inner)}`),
            '}',
        );
    }
    return quoted(String(value));
}

/** @param {Each} each */
function comprehension({ list, made }) {
    return listed('[', [`${python(made)} for item in ${variable(list)}`], ']').replace(/,\n\]$/, '\n]');
}

/** @param {string} open @param {string[]} items @param {string} close */
function listed(open, items, close) {
    const line = items.join(', ');
    if (line.length <= LINE_CHARS && !line.includes('\n')) return `${open}${line}${close}`;
    return `${open}\n${items.map((each) => `    ${each.replaceAll('\n', '\n    ')},\n`).join('')}${close}`;
}

/** JSON's texts are Python's too. @param {string} text */
function quoted(text) {
    return JSON.stringify(text).replaceAll('\u007f', '\\x7f');
}

/** @param {Saved} saved */
function variable(saved) {
    return `${saved.name.toLowerCase()}${members(saved.path)}`;
}

/** @param {string} path */
function members(path) {
    return (path.match(/\[\d+\]|[^.[\]]+/g) ?? [])
        .map((each) => (each.startsWith('[') ? each : `["${each}"]`))
        .join('');
}

/** `Subnets[].SubnetId` of an expression. @param {string} expression @param {string} path */
function taken(expression, path) {
    const pieces = path.split('[]');
    if (pieces.length === 1) return expression + members(path);
    const last = pieces.length - 1;
    const names = ['each', 'one', 'item'];
    let source = expression;
    const loops = pieces.slice(0, last).map((piece, index) => {
        const loop = `for ${names[index]} in ${source}${members(piece)}`;
        source = names[index] ?? 'item';
        return loop;
    });
    return `[${source}${members(pieces[last] ?? '')} ${loops.join(' ')}]`;
}

/** curl finds the URL here, as it is on AWS; Python's own clients do not. @param {Record<string, any>} parameters @param {Context} context */
function requested({ Url = '', Count = 1 }, context) {
    const words = ['curl', '-i', ...context.curl(plainUrl(Url))].map((word) => quoted(word));
    const asked = `subprocess.run(${listed('[', [...words, python(Url)], ']')})`;
    return Number(Count) > 1 ? `for _ in range(${Number(Count)}):\n    ${asked.replaceAll('\n', '\n    ')}` : asked;
}

/** @param {string} name */
function snake(name) {
    return kebab(name).replaceAll('-', '_');
}
