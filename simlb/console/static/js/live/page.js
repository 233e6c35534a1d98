// What happens right now, and who is responsible.

/** @import {Json, Off} from '../types.js' */
import { get } from '../api.js';
import { el, replace } from '../dom.js';
import { events } from '../stream.js';
import { createArrivals, itemOf } from './arrivals.js';
import { createMap } from './map.js';
import { sceneOf } from './scene.js';

/**
 * @param {HTMLElement} root
 * @returns {Promise<Off>}
 */
export async function mount(root) {
    const place = el('div', { class: 'live-map-panel panel' });
    replace(root, place);
    const map = createMap(place, {});
    const arrivals = createArrivals();
    let status = await get('/api/v1/status');
    /** @type {Json | null} */
    let pulse = null;
    let pulseMs = 0;
    const show = () =>
        map.setScene(
            sceneOf(status, pulse, {
                balancer: status.load_balancers[0]?.name ?? null,
                isProblemsOnly: false,
                waiting: new Map(),
                sincePulseS: (performance.now() - pulseMs) / 1000,
            }),
        );
    show();
    /** @param {Json} event */
    const request = (event) => {
        const now = performance.now();
        map.send(itemOf(event, arrivals.timeOf(event.real_s, now)));
    };
    const offs = [
        events.on('pulse', (event) => {
            pulse = event;
            pulseMs = performance.now();
            show();
        }),
        events.on('request_finished', request),
        events.on('requests_counted', request),
    ];
    return () => {
        for (const off of offs) off();
        map.close();
    };
}
