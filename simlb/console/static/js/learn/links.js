// Where listeners are to be found from this machine: addresses for a browser, arguments for curl. Pure.

/** @import {Json} from '../types.js' */

/** @typedef {{balancer: string, protocol: string, port: number, host: string, address: string, url: string, gate: string}} Place */

const WILDCARDS = /** @type {Record<string, string>} */ ({ '0.0.0.0': '127.0.0.1', '[::]': '[::1]' });
const DEFAULT_PORTS = /** @type {Record<string, number>} */ ({ http: 80, https: 443 });

/**
 * Every listener of an instance. A name under .localhost leads to 127.0.0.1, also in browsers; elsewhere only the address
 * does.
 * @param {Json | null} status
 * @returns {Place[]}
 */
export function places(status) {
    return (status?.['load_balancers'] ?? []).flatMap((/** @type {Json} */ balancer) =>
        balancer['listeners'].map((/** @type {Json} */ listener) => {
            const end = String(listener['bind']).lastIndexOf(':');
            const bound = String(listener['bind']).slice(0, end);
            const address = WILDCARDS[bound] ?? bound;
            const names = [...balancer['names'], balancer['dns_name']].map(String);
            const local = ['127.0.0.1', '[::1]'].includes(address) && names.find((name) => name.endsWith('.localhost'));
            const scheme = String(listener['protocol']).toLowerCase();
            const port = listener['published_port'] ?? Number(String(listener['bind']).slice(end + 1));
            const host = local || address;
            const shown = port === DEFAULT_PORTS[scheme] ? '' : `:${port}`;
            return {
                balancer: String(balancer['name']),
                protocol: String(listener['protocol']),
                port: Number(listener['port']),
                host,
                address: `${address}:${String(listener['bind']).slice(end + 1)}`,
                url: `${scheme}://${host}${shown}/`,
                gate: String(listener['gate']),
            };
        }),
    );
}

/**
 * What makes curl reach a URL that is written as on AWS: port 80 may be another one here, and the system does not ask
 * simlb's DNS server.
 * @param {Json | null} status @param {string} url
 * @returns {string[]}
 */
export function curlArguments(status, url) {
    const found = /^(https?):\/\/([^/?#]*?)(?::(\d+))?(?:[/?#]|$)/.exec(url);
    if (found === null) return [];
    const [, scheme = 'http', host = ''] = found;
    const port = Number(found[3] ?? DEFAULT_PORTS[scheme]);
    const all = places(status);
    const near = all.find((place) => host.startsWith(`${place.balancer}-`)) ?? all[0];
    const there = all.find((place) => place.port === port && place.balancer === near?.balancer);
    // Where no listener is, the same address refuses: that is what there is to see.
    const address = there?.address ?? (near && `${near.address.replace(/:\d+$/, '')}:${port}`);
    const reaching = address === undefined ? [] : ['--connect-to', `:${port}:${address}`];
    return scheme === 'https' ? [...reaching, '--cacert', String(status?.['ca_path'] ?? '')] : reaching;
}
