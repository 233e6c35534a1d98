// Events as marks on the chart.

/** @import {ChartMark, Json} from '../types.js' */
import { t } from '../words.js';

/**
 * @param {Json} event
 * @returns {ChartMark | null} null for what is none
 */
export function markOf(event) {
    const atS = Date.parse(event['time']) / 1000;
    switch (event['type']) {
        case 'target_state_changed':
            // Every target begins with it: no news.
            if (event['state'] === 'initial' || (event['previous_state'] === 'initial' && event['state'] === 'healthy'))
                return null;
            return {
                atS,
                kind: 'state',
                text: t('live.mark.state', { target: event['target'], state: t(`live.state.${event['state']}`) }),
            };
        case 'process_exited':
            return {
                atS,
                kind: 'fault',
                text: t('live.mark.exited', { target: event['process'], status: event['status'] }),
            };
        case 'fault_installed':
            return { atS, kind: 'fault', text: t('live.mark.fault', { words: event['text'], on: event['on'] }) };
        case 'fault_removed':
            return { atS, kind: 'config', text: t('live.mark.removed', { words: event['text'], on: event['on'] }) };
        case 'configuration_changed':
            return event['cause'] === 'start' ? null : { atS, kind: 'config', text: event['text'] };
        default:
            return null;
    }
}
