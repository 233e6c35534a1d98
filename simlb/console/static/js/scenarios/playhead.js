// Which moment of a run is shown. It follows a run that goes on, a little behind it, or plays what is known already at
// half to eight times its pace; questions and pauses of the past are short then. It knows no clock: `step` is given one.

/** @import {Tale} from './tale.js' */

export const RATES = [0.5, 1, 2, 4, 8];
/** How far behind the last record to stay, in real seconds: records come in bunches. */
const BEHIND_S = 0.5;
const FAR_S = 1.5;
/** A longer step than this is a tab that slept. */
const STEP_MAX_S = 0.5;
/** However long somebody thought: a replay goes on after so many real seconds. */
export const THOUGHT_S = 3;

/** @typedef {{from: number, to: number, jumped: boolean}} Moved `jumped`: what lies between is not to be shown. */

export class Playhead {
    /** @param {Tale} tale */
    constructor(tale) {
        this.at = 0;
        this.rate = 1;
        this.isFollowing = true;
        this.isPlaying = true;
        this.tale = tale;
        this.lastMs = 0;
        /** Nothing more will come, be it that the journal has no end. */
        this.isOver = false;
    }

    /** Where it can go to at most. */
    get limit() {
        if (this.tale.end !== null) return this.tale.end.at;
        return this.isOver ? this.tale.lastAt : Math.max(0, this.tale.lastAt - BEHIND_S * this.tale.speed);
    }

    get isAtEnd() {
        return (this.isOver || this.tale.end !== null) && this.at >= this.limit;
    }

    /** @param {number} at @returns {Moved} */
    seek(at) {
        const from = this.at;
        this.isFollowing = false;
        this.at = Math.min(Math.max(0, at), Math.max(this.limit, 0));
        return { from, to: this.at, jumped: true };
    }

    follow() {
        this.isFollowing = true;
        this.isPlaying = true;
        this.rate = 1;
    }

    /** Play what is known; from the beginning of the story where all of it has been shown, and is over. */
    play() {
        if (this.at >= this.limit - BEHIND_S * this.tale.speed) {
            if (!this.isOver && this.tale.end === null) {
                this.follow();
                return;
            }
            this.seek(this.beginning());
        }
        this.isFollowing = false;
        this.isPlaying = true;
    }

    pause() {
        this.isFollowing = false;
        this.isPlaying = false;
    }

    /** A moment before the story begins: nobody wants to see probes and an idle load balancer for long. */
    beginning() {
        const start = this.tale.startAt ?? 0;
        return Math.max(0, start - this.tale.speed);
    }

    /**
     * Go on.
     * @param {number} nowMs of a clock that only goes forward
     * @returns {Moved}
     */
    step(nowMs) {
        const passedS = this.lastMs === 0 ? 0 : Math.min((nowMs - this.lastMs) / 1000, STEP_MAX_S);
        this.lastMs = nowMs;
        const from = this.at;
        if (!this.isPlaying) return { from, to: from, jumped: false };
        const speed = this.tale.speed;
        if (this.isAtEnd) {
            this.isFollowing = this.isPlaying = false;
            return { from, to: from, jumped: false };
        }
        if (this.isFollowing) {
            const wanted = this.limit;
            const ahead = wanted - from;
            if (Math.abs(ahead) > FAR_S * speed) {
                this.at = wanted;
                return { from, to: wanted, jumped: true };
            }
            // A little faster or slower than the run itself, so that it neither lags nor stumbles.
            const pace = ahead > 0.3 * speed ? 1.3 : ahead < 0.1 * speed ? 0.7 : 1;
            this.at = Math.max(from, Math.min(from + passedS * speed * pace, wanted));
            return { from, to: this.at, jumped: false };
        }
        const to = Math.min(from + passedS * speed * this.rate, this.limit);
        this.at = to;
        for (const still of this.tale.stills) {
            const goesOn = still.from + THOUGHT_S * speed;
            if (to >= goesOn && to < Math.min(still.to, this.limit)) {
                this.at = Math.min(still.to, this.limit);
                return { from, to: this.at, jumped: true };
            }
        }
        return { from, to, jumped: false };
    }
}
