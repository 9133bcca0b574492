// Numbers, days and lists as people read them.

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
const TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const COUNT = new Intl.NumberFormat("en-GB");
const ROUNDED = new Intl.NumberFormat("en-GB", { maximumSignificantDigits: 3 });

/** A day, such as 2030-01-31. */
export const day = (text) => (text ? DAY.format(new Date(`${text}T00:00:00Z`)) : "");
/** A moment, in the time of whoever reads. */
export const moment = (text) => (text ? TIME.format(new Date(text)) : "");
/** A whole number. */
export const count = (number) => COUNT.format(number);
/** A score, or that there is none. */
export const score = (number) => (number === null ? "none" : number.toFixed(4));
/** A share in per cent. */
export const percent = (share) => `${ROUNDED.format(100 * share)} %`;
/** "1 face", "2 faces". */
export const several = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;
/** The same text as a sentence. */
export function sentence(text) {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) || !first ? first : `${first}.`;
}
/** A date so many days from now, as inputs take it. */
export const daysFromNow = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
