/** A call as a command of the AWS CLI, for bash and zsh. Pure. What a call saves becomes a variable, a list an array. */

import { Each, Joined, Saved, named } from './places.js';

/**
 * @typedef {object} Context
 * @property {import('./places.js').Scope} scope
 * @property {string} region the one that the commands are set to
 * @property {Set<string>} lists names under which lists are saved
 * @property {Set<string>} [objects] names under which objects are saved: they are shown, not kept
 * @property {(url: string) => string[]} curl the arguments that make curl find a URL here
 * @typedef {{service: string, operation: string, parameters?: Record<string, any>, region?: string,
 *   save?: Record<string, string>, fails?: string}} Call
 */

const SAFE = /^[\w@%+=:,./-]+$/;
/** What AWS's shorthand reads as it is: no comma, equals sign, bracket or quote. */
const PLAIN = /^[\w@%+:./*-]+$/;
/** Of a line that is not broken. */
const LINE_CHARS = 46;

/**
 * @param {Call} call @param {Context} context
 * @returns {string}
 */
export function cli(call, context) {
    const parameters = spread(named(call.parameters ?? {}, context.scope));
    if (call.service === 'client') return curl(parameters, context);
    const region = named(call.region ?? '', context.scope);
    const options = Object.entries(shortened(call.operation, parameters)).map(([name, value]) =>
        option(name, value, context),
    );
    if (region && region !== context.region) options.push(`--region ${quote(region, context)}`);
    const command = ['aws', call.service, kebab(call.operation)].join(' ');
    const text = saving(command, options, call, context);
    return call.fails ? `${text}  # ${call.fails}` : text;
}

/** Lists that are made from others, as they come out: the shell has no loop inside of an argument. @param {any} value @returns {any} */
function spread(value) {
    if (value instanceof Each) return value.values === undefined ? [value.made] : spread(value.values);
    if (Array.isArray(value)) return value.map(spread);
    if (isScalar(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, spread(inner)]));
}

/** @param {string} command @param {string[]} options @param {Call} call @param {Context} context */
function saving(command, options, call, context) {
    const all = Object.entries(call.save ?? {}).filter(([, path]) => !path.endsWith(']'));
    const saved = all.filter(([name]) => !context.objects?.has(name));
    const printed = (/** @type {string} */ query) =>
        broken(command, [...options, `--query '${query}'`, '--output text']);
    if (saved.length === 0)
        return broken(command, [...options, ...all.map(([, path]) => `--query '${path}'`).slice(0, 1)]);
    const isList = (/** @type {string} */ name) => context.lists.has(name);
    if (saved.length === 1 || saved.some(([name]) => isList(name))) {
        const each = saved.map(([name, path]) => {
            const text = `$(${printed(path)})`;
            return isList(name) ? `${name}=(${text})` : `${name}=${text}`;
        });
        return (/^(Describe|List|Get)/.test(call.operation) ? each : each.slice(0, 1)).join('\n');
    }
    const names = saved.map(([name]) => name).join(' ');
    const answer = printed(`[${saved.map(([, path]) => path).join(', ')}]`);
    return `read -r ${names} < <(\n  ${answer.replaceAll('\n', '\n  ')})`;
}

/** @param {string} command @param {string[]} options */
function broken(command, options) {
    const line = [command, ...options].join(' ');
    return line.length <= LINE_CHARS && !line.includes('\n') ? line : [command, ...options].join(' \\\n  ');
}

/** What the CLI has shorter options for than the API has parameters. @param {string} operation @param {any} parameters */
function shortened(operation, parameters) {
    if (!operation.endsWith('SecurityGroupIngress') || !('FromPort' in parameters)) return parameters;
    const { IpProtocol, FromPort, ToPort, CidrIp, ...rest } = parameters;
    const port = FromPort === ToPort ? FromPort : `${FromPort}-${ToPort}`;
    return { ...rest, Protocol: IpProtocol, Port: port, ...(CidrIp === undefined ? {} : { Cidr: CidrIp }) };
}

/** @param {string} name @param {any} value @param {Context} context */
function option(name, value, context) {
    const flag = `--${kebab(name)}`;
    if (typeof value === 'boolean') return value ? flag : `--no-${kebab(name)}`;
    const words = Array.isArray(value) ? value : [value];
    if (words.length === 0) return `${flag} '[]'`;
    if (words.every(isScalar)) return [flag, ...words.map((word) => quote(word, context))].join(' ');
    const short = words.map(shorthand);
    if (short.some((word) => word === null)) return `${flag} ${json(value, context)}`;
    return [flag, ...short.map((word) => quote(word, context))].join(' ');
}

/** @param {any} value */
function isScalar(value) {
    return typeof value !== 'object' || value === null || value instanceof Saved || value instanceof Joined;
}

/**
 * `Key=a,Value=b`, or null where only JSON can say it.
 * @param {any} value
 * @returns {any}
 */
function shorthand(value) {
    if (isScalar(value) || Array.isArray(value)) return null;
    /** @type {(string | Saved)[]} */
    const parts = [];
    for (const [name, inner] of Object.entries(value)) {
        const items = Array.isArray(inner) ? inner : [inner];
        if (items.length === 0 || !items.every(isShort)) return null;
        parts.push(`${parts.length ? ',' : ''}${name}=`);
        for (const [index, item] of items.entries()) {
            if (index > 0) parts.push(',');
            parts.push(...(item instanceof Joined ? item.parts : [item instanceof Saved ? item : String(item)]));
        }
    }
    return new Joined(parts);
}

/** @param {any} item */
function isShort(item) {
    if (item instanceof Joined) return item.parts.every((part) => part instanceof Saved || PLAIN.test(part));
    return item instanceof Saved ? !Array.isArray(item.value) : isScalar(item) && PLAIN.test(String(item));
}

/** JSON for the shell; variables stand outside of its quotes. @param {any} value @param {Context} context */
function json(value, context) {
    /** @type {Saved[]} */
    const places = [];
    const replaced = (/** @type {string} */ _, /** @type {any} */ inner) => {
        if (!(inner instanceof Saved || inner instanceof Joined)) return inner;
        const parts = inner instanceof Saved ? [inner] : inner.parts;
        if (inner instanceof Saved && (isLiteral(inner, context) || context.lists.has(inner.name)))
            return inner.value ?? unknown(inner);
        return parts
            .map((part) => {
                if (!(part instanceof Saved)) return part;
                if (isLiteral(part, context)) return part.value ?? unknown(part);
                places.push(part);
                return `\u0000${places.length - 1}\u0000`;
            })
            .join('');
    };
    const line = JSON.stringify(value, replaced);
    const text = line.length <= LINE_CHARS ? line : ((places.length = 0), JSON.stringify(value, replaced, 2));
    const escaped = text.replaceAll("'", "'\\''");
    return `'${escaped.replace(/\\u0000(\d+)\\u0000/g, (_, index) => `'"${variable(/** @type {Saved} */ (places[Number(index)]))}"'`)}'`;
}

/** One word of the shell. @param {any} value @param {Context} context @returns {string} */
function quote(value, context) {
    if (value instanceof Saved) {
        if (isLiteral(value, context)) return quote(value.value ?? unknown(value), context);
        return context.lists.has(value.name) && value.path === '' ? `"\${${value.name}[@]}"` : `"${variable(value)}"`;
    }
    if (value instanceof Joined) {
        const parts = value.parts.map((part) =>
            part instanceof Saved && isLiteral(part, context) ? String(part.value ?? unknown(part)) : part,
        );
        if (parts.every((part) => typeof part === 'string')) return quote(parts.join(''), context);
        return joined(/** @type {(string | Saved)[]} */ (parts));
    }
    return shellWord(String(value));
}

/** A text as one word of the shell. @param {string} text */
export function shellWord(text) {
    return SAFE.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Texts and variables as one word. What the shell would look into stands in single quotes.
 * @param {(string | Saved)[]} parts
 */
function joined(parts) {
    if (parts.some((part) => typeof part === 'string' && /[\\"$`!]/.test(part))) {
        return parts
            .map((part) => (part instanceof Saved ? `"${variable(part)}"` : `'${part.replaceAll("'", "'\\''")}'`))
            .join('');
    }
    return `"${parts.map((part, index) => (part instanceof Saved ? variable(part, parts[index + 1]) : part)).join('')}"`;
}

/** @param {Saved} saved @param {string | Saved} next what stands after it */
function variable({ name, path }, next = '') {
    const index = /^\[(\d+)\]$/.exec(path);
    if (index) return `\${${name}[@]:${index[1]}:1}`;
    return typeof next === 'string' && /^[\w[:]/.test(next) ? `\${${name}}` : `$${name}`;
}

/** Whether the shell has no variable for it: a member of an object. @param {Saved} saved @param {Context} context */
function isLiteral({ name, path, value }, context) {
    if (name === 'ITEM') return true;
    if (path.includes('.')) return true;
    if (path !== '' && !context.lists.has(name)) return true;
    return path === '' && typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param {Saved} saved */
export function unknown({ name, path }) {
    return `<${name}${path}>`;
}

/** @param {Record<string, any>} parameters @param {Context} context */
function curl(parameters, context) {
    const { Url = '', Count = 1 } = parameters;
    const options = [...pairs(context.curl(plainUrl(Url))), quote(Url, context)];
    const command = broken('curl -i', options);
    return Number(Count) > 1
        ? `for n in {1..${Number(Count)}}; do\n  ${command.replaceAll('\n', '\n  ')}\ndone`
        : command;
}

/** A URL with the values of its places, as far as they are known. @param {any} url @returns {string} */
export function plainUrl(url) {
    const parts = url instanceof Joined ? url.parts : [url];
    return parts.map((part) => (part instanceof Saved ? (part.value ?? '') : part)).join('');
}

/** Options with their values. @param {string[]} words */
function pairs(words) {
    return words.flatMap((word, index) => (index % 2 ? [] : [`${word} ${words[index + 1] ?? ''}`]));
}

/** `DNSName` is `dns-name`. @param {string} name */
export function kebab(name) {
    return name
        .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
        .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
        .toLowerCase();
}
