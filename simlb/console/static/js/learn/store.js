// What the Learn page knows: the course, how far it is, what was typed, what calls have saved. Typed values stay in the
// browser; everything else is asked again, so that a reload, or a step done in a terminal, makes no difference.

/** @import {Course, Field, LearnView, Step, StepCall, Value} from './types.js' */
/** @import {Json, Off} from '../types.js' */

import { get, post } from '../api.js';
import { AwsError, look } from '../aws.js';
import { listsOf, objectsOf } from './names.js';
import { values, within } from './places.js';

const KEPT = 'simlb.learn';
const SETTLE_MS = 500;
const REGION = { step: 1, field: 'region' };

export class Store {
    /** @param {Course} course @param {Json} attributes */
    constructor(course, attributes) {
        this.course = course;
        /** Tables of attributes by what has them. */
        this.attributes = attributes;
        /** @type {LearnView | null} */
        this.learn = null;
        /** @type {Json | null} */
        this.status = null;
        /** @type {Record<string, any>} */
        this.saved = {};
        /** Mistakes that were not taken back yet, each with the name of its fault or ''. @type {Record<string, string>} */
        this.pending = {};
        /** @type {Record<string, Record<string, Value>>} */
        this.typed = {};
        /** What a mistake that is being tried has in place of what was typed. @type {Record<string, Value>} */
        this.overrides = {};
        /** @type {Set<() => void>} */
        this.listeners = new Set();
        this.begun = '';
        /** Another one for each run of calls. */
        this.now = Date.now();
        /** How many runs of calls are under way: what they save is newer than what a look-up finds. */
        this.running = 0;
        /** @type {Promise<void> | null} a look-up that is under way */
        this.looking = null;
        this.isStale = false;
        /** @type {ReturnType<typeof setTimeout> | undefined} */
        this.typing = undefined;
        /** Names under which lists are saved. */
        this.lists = listsOf(course);
        /** Those under which objects are saved, alone or in a list: a shell has no variable for them. */
        this.objects = objectsOf(course);
        this.readKept();
    }

    /** @returns {Promise<Store>} */
    static async open() {
        const [course, attributes] = await Promise.all([get('/console/course.json'), get('/console/attributes.json')]);
        const store = new Store(course, attributes);
        await store.refresh();
        await store.lookUp();
        return store;
    }

    /** @param {() => void} listener @returns {Off} */
    onChange(listener) {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }

    changed() {
        for (const listener of this.listeners) listener();
    }

    /** @param {number} number @returns {Step} */
    step(number) {
        const found = this.course.steps.find((step) => step.number === number);
        return found ?? /** @type {Step} */ (this.course.steps[0]);
    }

    /** The region that calls go to. */
    get region() {
        return String(this.value(REGION.step, REGION.field) ?? this.course.region);
    }

    get speed() {
        return this.learn?.speed ?? Number(this.status?.['speed'] ?? 1);
    }

    /** @param {number} number */
    progress(number) {
        return this.learn?.steps.find((step) => step.number === number);
    }

    /**
     * What a field holds now: what was typed, else what the course picks.
     * @param {number} number @param {string} id
     * @returns {any} undefined for no such field
     */
    value(number, id) {
        const field = this.step(number).fields?.find((each) => each.id === id);
        if (field === undefined) return undefined;
        const typed = this.typed[number]?.[id];
        if (typed !== undefined && this.isOffered(number, field, typed)) return typed;
        return this.picked(number, field);
    }

    /** What the course picks. @param {number} number @param {Field} field */
    picked(number, field) {
        const found = values(field.value, this.scope(number)).value;
        if (field.kind !== 'checks') return found ?? '';
        return Array.isArray(found)
            ? found.flat().filter((one) => one !== undefined)
            : found === undefined
              ? []
              : [found];
    }

    /** Of a list that was saved: whether what was typed is still in it. @param {number} number @param {Field} field @param {Value} typed */
    isOffered(number, field, typed) {
        if (field.from === undefined) return true;
        const offered = values(field.from, this.scope(number)).value;
        return Array.isArray(offered) && [typed].flat().every((one) => offered.includes(one));
    }

    /** @param {number} number @param {string} id @param {Value} value */
    type(number, id, value) {
        (this.typed[number] ??= {})[id] = value;
        this.keep();
        this.changed();
        // Region and names say what is looked up.
        clearTimeout(this.typing);
        this.typing = setTimeout(() => void this.lookUp(), SETTLE_MS);
    }

    /** @param {number} number @returns {import('./places.js').Scope} */
    scope(number) {
        return {
            step: number,
            field: (step, id) => (step === number && id in this.overrides ? this.overrides[id] : this.value(step, id)),
            saved: this.saved,
            now: this.now,
        };
    }

    /** The step whose calls make what is saved under that name. @param {string} name @returns {Step | undefined} */
    makerOf(name) {
        const saves = (/** @type {StepCall[] | undefined} */ calls) => calls?.some((call) => name in (call.save ?? {}));
        return (
            this.course.steps.find((step) => saves(step.calls)) ?? this.course.steps.find((step) => saves(step.prepare))
        );
    }

    /** How far the learner is, and how the instance stands. */
    async refresh() {
        const [learn, status] = await Promise.all([get('/api/v1/learn'), get('/api/v1/status')]);
        this.learn = learn;
        this.status = status;
        if (learn.begun_at !== null && learn.begun_at !== this.begun) {
            if (this.begun !== '') this.forget();
            this.begun = learn.begun_at;
            this.keep();
        }
        this.changed();
    }

    /** Find what is saved again by what is there: the learner may have made or deleted it elsewhere. */
    async lookUp() {
        this.isStale = true;
        this.looking ??= this.lookUpAll().finally(() => (this.looking = null));
        await this.looking;
    }

    /** Asked for while it goes on, it is done once more. */
    async lookUpAll() {
        while (this.isStale && this.running === 0) {
            this.isStale = false;
            await this.lookUpOnce();
        }
        this.changed();
    }

    async lookUpOnce() {
        for (const [name, lookup] of Object.entries(this.course.lookups)) {
            const found = await this.found(name, lookup);
            if (this.running > 0) return;
            if (found === undefined) delete this.saved[name];
            else this.saved[name] = found;
        }
    }

    /** @param {string} name @param {StepCall} lookup @returns {Promise<any>} */
    async found(name, lookup) {
        const scope = this.scope(-1);
        const { value, missing } = values(lookup.parameters ?? {}, scope);
        if (missing.length > 0) return undefined;
        const region = values(lookup.region ?? this.region, scope).value;
        try {
            const result = await look(/** @type {any} */ (lookup.service), region, lookup.operation, value);
            return within(result, String(values(lookup.save?.[name] ?? '', scope).value));
        } catch (error) {
            if (error instanceof AwsError) return undefined;
            throw error;
        }
    }

    /** Everything from the start; what was made stays. */
    async reset() {
        this.learn = await post('/api/v1/learn/reset', {});
        this.forget();
        this.begun = this.learn?.['begun_at'] ?? '';
        this.keep();
        this.changed();
    }

    forget() {
        this.typed = {};
        this.pending = {};
    }

    keep() {
        const { begun, typed, pending } = this;
        localStorage.setItem(KEPT, JSON.stringify({ begun, typed, pending }));
    }

    readKept() {
        const kept = JSON.parse(localStorage.getItem(KEPT) ?? '{}');
        this.begun = kept.begun ?? '';
        this.typed = kept.typed ?? {};
        this.pending = kept.pending ?? {};
    }
}
