// @ts-check
/** Why a WebSocket was closed, in words (RFC 6455, section 7.4; docs/scripts/streams.md). */

/** @type {Record<number, string>} */
const WORDS = {
  1000: "closed normally",
  1001: "the engine stops: connect again",
  1002: "an error of the protocol",
  1003: "data of a kind that is not accepted",
  1005: "closed without a code",
  1006: "the connection was lost, or the script or the engine refused it",
  1007: "data that is not valid",
  1008: "too many messages, or the script, its route or the sign-in is gone",
  1009: "a message with more than 64 kB",
  1010: "an extension is missing",
  1011: "the script threw an exception, which is in its log",
  1012: "the engine restarts: connect again",
  1013: "messages may be missing: load the state and connect again",
  1014: "a proxy got no answer",
  1015: "the connection could not be encrypted",
};

/** @param {number} code */
export function wordsOf(code) {
  if (WORDS[code]) return WORDS[code];
  return code >= 3000 && code <= 4999 ? "closed by the script" : "a code without a meaning here";
}
