// Every attribute of a load balancer, a target group or a listener: a form made of simlb's own table of them.

/** @import {Store} from './store.js' */
/** @import {Step, StepCall} from './types.js' */

import { el, replace, setText } from '../dom.js';
import { AwsError, call, look } from '../aws.js';
import { t } from '../words.js';
import { createCode } from './code.js';
import { script } from './script.js';

/** @typedef {{key: string, kind: string, default: string, low?: number, high?: number, choices: string[], supported: boolean}} Row */

/** What has attributes, by the call that makes it. @type {Record<string, {table: string, noun: string, arn: string}>} */
const MADE_BY = {
    CreateTargetGroup: { table: 'target_group', noun: 'TargetGroupAttributes', arn: 'TargetGroupArn' },
    CreateLoadBalancer: { table: 'load_balancer', noun: 'LoadBalancerAttributes', arn: 'LoadBalancerArn' },
    CreateListener: { table: 'listener', noun: 'ListenerAttributes', arn: 'ListenerArn' },
};

/** The kinds that a step's calls make, each with the name under which its ARN is saved. @param {Step} step */
function kindsOf(step) {
    return (step.calls ?? []).flatMap((made) => {
        const kind = MADE_BY[made.operation];
        const saved = Object.entries(made.save ?? {}).find(
            ([, path]) => kind !== undefined && path.endsWith(`.${kind.arn}`),
        );
        if (kind === undefined || saved === undefined) return [];
        const isSecure = made.parameters?.['Protocol'] === 'HTTPS';
        const table = kind.table === 'listener' ? (isSecure ? 'https_listener' : 'http_listener') : kind.table;
        return [{ ...kind, table, name: saved[0] }];
    });
}

/**
 * The advanced settings of what a step makes.
 * @param {Store} store @param {Step} step @param {boolean} isOpen
 */
export function createAttributes(store, step, isOpen) {
    const parts = kindsOf(step).map((kind) => createPart(store, step, kind));
    if (parts.length === 0) return { root: null, update: () => {} };
    return {
        root: el(
            'details',
            { class: 'learn-advanced', open: isOpen },
            el('summary', null, t('learn.advanced')),
            parts.map(({ root }) => root),
        ),
        update: () => parts.forEach((part) => part.update()),
    };
}

/** @param {Store} store @param {Step} step @param {ReturnType<typeof kindsOf>[number]} kind */
function createPart(store, step, kind) {
    const rows = /** @type {Row[]} */ (store.attributes[kind.table] ?? []);
    /** What is in force. @type {Map<string, string>} */
    const now = new Map(rows.map((row) => [row.key, row.default]));
    const controls = new Map(rows.map((row) => [row.key, createControl(kind.table, row, () => tell())]));
    const answer = el('div', { role: 'status' });
    const changes = () =>
        rows
            .map(({ key }) => ({ Key: key, Value: controls.get(key)?.value ?? '' }))
            .filter(({ Key, Value }) => Value !== now.get(Key));
    /** @returns {StepCall} */
    const modify = () => ({
        service: 'elbv2',
        operation: `Modify${kind.noun}`,
        parameters: { [kind.arn]: `$${kind.name}`, Attributes: changes() },
    });
    const code = createCode(() => script(store, step.number, [modify()]), t('learn.same_call'));
    const save = el(
        'button',
        { class: 'btn btn-primary', type: 'button', on: { click: () => void apply() } },
        t('learn.save_attributes'),
    );
    let known = '';
    const arn = () => /** @type {string | undefined} */ (store.saved[kind.name]);
    const load = async () => {
        const found = await look('elbv2', store.region, `Describe${kind.noun}`, { [kind.arn]: arn() });
        for (const { Key, Value } of found.Attributes ?? []) {
            now.set(Key, Value);
            const control = controls.get(Key);
            if (control !== undefined) control.value = Value;
        }
        tell();
    };
    /** The call, as long as something is changed. */
    function tell() {
        code.root.hidden = changes().length === 0;
        code.update();
    }
    async function apply() {
        if (changes().length === 0) return setText(answer, t('learn.nothing_changed'));
        try {
            await call('elbv2', store.region, `Modify${kind.noun}`, { [kind.arn]: arn(), Attributes: changes() });
            await load();
            replace(answer, el('span', { class: 'good' }, '✓ ', t('learn.attributes_saved')));
        } catch (error) {
            if (!(error instanceof AwsError)) throw error;
            replace(answer, el('b', { class: 'bad' }, '✗ ', error.code), ' ', error.message);
        }
    }
    const update = () => {
        save.disabled = arn() === undefined;
        if (arn() === known) return;
        known = arn() ?? '';
        if (known !== '') void load();
    };
    tell();
    update();
    const root = el(
        'section',
        { class: 'learn-attributes' },
        el('h3', null, t(`learn.attributes_${kind.table}`)),
        rows.map((row) => rowOf(kind.table, row, /** @type {any} */ (controls.get(row.key)))),
        el('div', { class: 'learn-buttons' }, save, answer),
        code.root,
    );
    return { root, update };
}

/** @param {string} table @param {Row} row @param {HTMLInputElement | HTMLSelectElement} control */
function rowOf(table, row, control) {
    const range = row.kind === 'int' ? [`${row.low}–${row.high}`, ...row.choices].join(', ') : '';
    return el(
        'div',
        { class: 'learn-attribute' },
        el(
            'label',
            { class: 'mono', for: control.id },
            ...row.key.split('.').flatMap((part, index) => (index ? ['.', el('wbr'), part] : [part])),
        ),
        control,
        el(
            'div',
            { class: 'learn-note' },
            el(
                'span',
                { class: 'accent' },
                t('learn.default', { value: row.default === '' ? t('learn.empty') : row.default }),
            ),
            ' ',
            range ? el('span', { class: 'muted number' }, range) : null,
            ' ',
            row.supported ? null : el('span', { class: 'muted' }, t('learn.default_only')),
        ),
    );
}

/** @param {string} table @param {Row} row @param {() => void} changed */
function createControl(table, row, changed) {
    const id = `learn-${table}-${row.key.replaceAll('.', '-')}`;
    const on = { input: changed, change: changed };
    if (row.kind === 'bool' || row.kind === 'enum') {
        const options = row.choices.map((value) => el('option', { value }, value));
        const select = el('select', { class: 'field', id, on }, options);
        select.value = row.default;
        return select;
    }
    return el('input', {
        class: 'field',
        id,
        type: 'text',
        autocomplete: 'off',
        spellcheck: 'false',
        value: row.default,
        on,
    });
}
