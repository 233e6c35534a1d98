// Asking the control port. What changes something needs the instance's token: the address that `simlb console` opens has
// a code for it behind the '#', which browsers send to nobody. The token goes out in a header and is never a cookie.

const STORED = 'simlb.token';

/** What the control port refused. */
export class ApiError extends Error {
    /**
     * @param {number} status
     * @param {{code?: string, message?: string, hints?: string[]}} body
     */
    constructor(status, body) {
        super(body.message ?? `HTTP ${status}`);
        this.status = status;
        this.code = body.code ?? '';
        this.hints = body.hints ?? [];
    }
}

/**
 * Exchange the code in the address for the token; it is good once. What stands behind `to=` is the page to show.
 * @returns {Promise<void>} throws an ApiError for a code that was used already
 */
export async function takeToken() {
    const given = new URLSearchParams(location.hash.slice(1));
    const code = given.get('code');
    if (code === null) return;
    history.replaceState(null, '', `#${given.get('to') ?? '/live'}`);
    const { token: found } = await ask('GET', '/api/v1/console/token', undefined, { 'X-Simlb-Code': code });
    localStorage.setItem(STORED, found);
}

/** @returns {string | null} */
export function token() {
    return localStorage.getItem(STORED);
}

/** Whether this browser was given a token. Whether it is this instance's shows when it is used. */
export function hasToken() {
    return token() !== null;
}

/**
 * @param {string} path
 * @returns {Promise<any>}
 */
export function get(path) {
    return ask('GET', path);
}

/**
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export function post(path, body) {
    return ask('POST', path, body);
}

/**
 * @param {string} path
 * @returns {Promise<any>}
 */
export function del(path) {
    return ask('DELETE', path);
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 */
async function ask(method, path, body, headers = {}) {
    if (method !== 'GET' && hasToken()) headers['Authorization'] = `Bearer ${token()}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let response;
    try {
        response = await fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
    } catch {
        throw new ApiError(0, { code: 'gone', message: `${method} ${path}` });
    }
    const isJson = (response.headers.get('Content-Type') ?? '').startsWith('application/json');
    const answer = isJson ? await response.json() : await response.text();
    if (!response.ok) throw new ApiError(response.status, isJson ? answer : { message: answer });
    return answer;
}
