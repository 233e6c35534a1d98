// Korean particles after names that are filled in: i-03은, i-02는. What a sentence's text has as 은(는) becomes the right one.

/** @type {Record<string, [string, string]>} after a consonant, after a vowel */
const PARTICLES = { '은(는)': ['은', '는'], '이(가)': ['이', '가'], '을(를)': ['을', '를'], '과(와)': ['과', '와'] };
/** Digits and letters that are read with a consonant at their end. */
const CONSONANT_AFTER = '013678lmnrLMNR';
const VOWEL_AFTER = '2459abcdefghijkopqstuvwxyzABCDEFGHIJKOPQSTUVWXYZ';

/**
 * @param {string} text
 * @returns {string} unchanged where nobody can say how the name before a particle is read
 */
export function withParticles(text) {
    return text.replace(/(.)(은\(는\)|이\(가\)|을\(를\)|과\(와\))/gu, (whole, last, particle) => {
        const [closed, open] = PARTICLES[particle] ?? [particle, particle];
        const code = last.charCodeAt(0) - 0xac00;
        if (code >= 0 && code < 11172) return last + (code % 28 === 0 ? open : closed);
        if (CONSONANT_AFTER.includes(last)) return last + closed;
        return VOWEL_AFTER.includes(last) ? last + open : whole;
    });
}
