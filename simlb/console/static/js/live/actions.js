// What can be done to a target with one key or one press, and how each is taken back.

/** @import {Json} from '../types.js' */
import { del, get, post } from '../api.js';
import { toast, toastError } from '../toast.js';
import { t } from '../words.js';
import { install } from './fault_form.js';
import { withParticles } from './particles.js';

/** @typedef {'kill' | 'hang' | 'slow' | 'drain' | 'restart' | 'restore'} ActionName */

/** What slow means here, in load-balancer time: noticed by people, and by no health check of 5 seconds. */
const SLOW = '2s';

/**
 * @param {ActionName} action
 * @param {string} group
 * @param {Json} target of the status
 */
export async function act(action, group, target) {
    const path = `/api/v1/targets/${encodeURIComponent(target['name'])}`;
    const isOwn = target['process'] !== null;
    try {
        if (action === 'hang') await install({ type: isOwn ? 'target.hang' : 'link.blackhole', on: target['name'] });
        else if (action === 'slow')
            await install(
                isOwn
                    ? { type: 'target.slow', on: target['name'], parameters: { delay: SLOW } }
                    : { type: 'link.latency', on: target['name'], parameters: { delay: SLOW } },
            );
        else if (action === 'drain') {
            await post(`${path}/deregister`);
            toast(withParticles(t('live.done.drain', { target: target['name'] })), 'info');
        } else if (action === 'restore') await restore(group, target);
        else {
            await post(`${path}/${action}`);
            toast(
                withParticles(t(`live.done.${action}`, { target: target['name'] })),
                action === 'kill' ? 'info' : 'good',
            );
        }
    } catch (error) {
        toastError(error);
    }
}

/**
 * Whatever was done to it is undone: faults removed, its process started, the target registered.
 * @param {string} group
 * @param {Json} target
 */
async function restore(group, target) {
    let done = 0;
    for (const fault of (await get('/api/v1/faults')).faults) {
        if (!fault.acts_on.includes(target['name'])) continue;
        await del(`/api/v1/faults/${encodeURIComponent(fault.name)}`);
        toast(t('live.fault.removed', { words: fault.words }), 'good');
        done += 1;
    }
    const now = await find(group, target['name']);
    if (now === undefined || now['state'] === 'draining') {
        const body = { url: `http://${target['dial']}`, name: target['name'] };
        await post(`/api/v1/target-groups/${encodeURIComponent(group)}/targets`, body);
        toast(withParticles(t('live.done.register', { target: target['name'] })), 'good');
        done += 1;
    }
    if (target['process'] !== null && now?.['pid'] === null && done === 0) {
        await post(`/api/v1/targets/${encodeURIComponent(target['name'])}/restart`);
        toast(withParticles(t('live.done.restart', { target: target['name'] })), 'good');
        done += 1;
    }
    if (done === 0) toast(withParticles(t('live.target.nothing_to_restore', { target: target['name'] })), 'info');
}

/** @param {string} group @param {string} name @returns {Promise<Json | undefined>} the target as it is now */
async function find(group, name) {
    const status = await get('/api/v1/status');
    const targets =
        /** @type {Json[]} */ (status['target_groups']).find((one) => one['name'] === group)?.['targets'] ?? [];
    return /** @type {Json[]} */ (targets).find((one) => one['name'] === name);
}
