/** A small AWS client for the page: the same calls, over the same protocols, as the AWS CLI's and boto3's. */

import { PAGE_KEY, read, request } from './aws-wire.js';

/** @typedef {import('./aws-wire.js').Service} Service */
/** @typedef {import('./aws-wire.js').Parameters} Parameters */

/** What AWS says when it refuses. `code` and `message` are its own. */
export class AwsError extends Error {
    /** @param {number} status @param {string} code @param {string} message */
    constructor(status, code, message) {
        super(message);
        this.name = 'AwsError';
        this.status = status;
        this.code = code;
    }
}

/**
 * Makes one call. The result has boto3's names; numbers and truth values are texts, except those of ACM.
 * @param {Service} service
 * @param {string} region
 * @param {string} operation `CreateListener`
 * @param {Parameters} [parameters]
 * @returns {Promise<any>}
 * @throws {AwsError} when it is refused; TypeError when nobody answers
 */
export function call(service, region, operation, parameters = {}) {
    return send(service, operation, request(service, region, operation, parameters));
}

/**
 * The same for what the page asks to know what there is: nobody made that call, and no event tells of it.
 * @param {Service} service
 * @param {string} region
 * @param {string} operation `DescribeListeners`
 * @param {Parameters} [parameters]
 * @returns {Promise<any>}
 */
export function look(service, region, operation, parameters = {}) {
    return send(service, operation, request(service, region, operation, parameters, PAGE_KEY));
}

/**
 * @param {Service} service
 * @param {string} operation
 * @param {import('./aws-wire.js').AwsRequest} request
 */
async function send(service, operation, { method, path, headers, body }) {
    const answer = await fetch(path, { method, headers, body, cache: 'no-store', credentials: 'omit' });
    const text = await answer.text();
    if (service === 'acm') return json(answer, text);
    const root = text ? new DOMParser().parseFromString(text, 'application/xml').documentElement : null;
    if (!answer.ok) throw refusal(answer.status, root);
    if (root === null) return {};
    const result = [...root.children].find((child) => child.localName === `${operation}Result`);
    const found = read(result ?? root);
    return typeof found === 'object' ? found : {};
}

/** @param {Response} answer @param {string} text */
function json(answer, text) {
    const found = text ? JSON.parse(text) : {};
    if (answer.ok) return found;
    const code = String(found.__type ?? found.code ?? answer.status).replace(/^.*#/, '');
    throw new AwsError(answer.status, code, String(found.message ?? found.Message ?? ''));
}

/** @param {number} status @param {Element | null} root */
function refusal(status, root) {
    const first = (/** @type {string} */ tag) => root?.getElementsByTagNameNS('*', tag)[0]?.textContent ?? '';
    // Route 53 has no code in a refused change: the element says it.
    const code = first('Code') || (root?.localName ?? String(status));
    return new AwsError(status, code, first('Message'));
}
