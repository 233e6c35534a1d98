// A mistake being made: its fault and its calls, and how to take them back. What is not taken back yet is remembered.

/** @import {Store} from './store.js' */
/** @import {Fault, Mistake, Outcome, Step} from './types.js' */

import { ApiError, del, post } from '../api.js';
import { shellWord } from './cli.js';
import { values } from './places.js';
import { run } from './run.js';
import { script } from './script.js';

const NOT_THERE = 404;

export class Trying {
    /** @param {Store} store @param {Step} step @param {Mistake} mistake */
    constructor(store, step, mistake) {
        this.store = store;
        this.step = step;
        this.mistake = mistake;
    }

    get canUndo() {
        return (this.mistake.undo ?? []).length > 0 || this.mistake.fault !== undefined;
    }

    /** It was made, and not taken back. */
    get isPending() {
        return this.mistake.id in this.store.pending;
    }

    /** Its own calls, or those of its step with other values. */
    get calls() {
        const { calls, fields } = this.mistake;
        return calls ?? (fields === undefined ? [] : (this.step.calls ?? []));
    }

    /** @param {(outcome: Outcome) => void} show */
    async begin(show) {
        await this.remove();
        if (this.canUndo) this.remember(this.mistake.fault === undefined ? '' : await this.install());
        await this.withFields(() => run(this.store, this.step.number, this.calls, show));
    }

    /** @param {(outcome: Outcome) => void} show */
    async undo(show) {
        await this.remove();
        const outcomes = await run(this.store, this.step.number, this.mistake.undo ?? [], show);
        if (outcomes.some(({ kind }) => kind === 'refused' || kind === 'unreachable')) return;
        delete this.store.pending[this.mistake.id];
        this.store.keep();
    }

    /** The same to type. */
    typed() {
        const found = this.withFields(() => script(this.store, this.step.number, this.calls));
        if (this.mistake.fault === undefined) return found;
        const { type, on, parameters } = this.fault();
        const options = on.flatMap((place) => ['--on', place]);
        const given = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
        const words = ['simlb', 'fault', 'add', type, ...given, ...options];
        const command = words.map(shellWord).join(' ');
        const join = (/** @type {string} */ text, /** @type {string} */ before) =>
            [before, text].filter(Boolean).join('\n\n');
        return { cli: join(found.cli, command), boto3: join(found.boto3, `# ${command}`) };
    }

    /** @returns {{type: string, on: string[], parameters: Record<string, string>}} */
    fault() {
        const { type, at = [], parameters = {} } = /** @type {Fault} */ (this.mistake.fault);
        return values({ type, on: at, parameters }, this.store.scope(this.step.number)).value;
    }

    async install() {
        return String((await post('/api/v1/faults', this.fault())).name);
    }

    /** Its fault, if it is there still. */
    async remove() {
        const name = this.store.pending[this.mistake.id];
        if (!name) return;
        try {
            await del(`/api/v1/faults/${encodeURIComponent(name)}`);
        } catch (error) {
            if (!(error instanceof ApiError && error.status === NOT_THERE)) throw error;
        }
        this.remember('');
    }

    /** @param {string} fault */
    remember(fault) {
        this.store.pending[this.mistake.id] = fault;
        this.store.keep();
    }

    /**
     * Its fields may name what was saved, too.
     * @template T
     * @param {() => T} work
     * @returns {T}
     */
    withFields(work) {
        const { store } = this;
        store.overrides = values(this.mistake.fields ?? {}, store.scope(this.step.number)).value;
        const done = () => (store.overrides = {});
        const found = work();
        if (found instanceof Promise) return /** @type {T} */ (found.finally(done));
        done();
        return found;
    }
}
