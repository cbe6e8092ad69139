// @ts-check
/** Which connection a form asks for. */
import { kindOf, pathOf, protocolsOf, requestOf } from "../requests.js";
import { EVENT_STREAM, FollowedRequest } from "./followed-request.js";
import { FollowedSocket } from "./followed-socket.js";

/**
 * @typedef {import("../requests.js").Form} Form
 * @typedef {import("../../panels.js").EditorScript} EditorScript
 */

/** What a connection belongs to: with another target it is stopped. @param {Form} form @param {EditorScript} script */
export const targetOf = (form, { slug, routes }) =>
  JSON.stringify([slug, kindOf(form, routes), form.method, form.route]);

/**
 * Opens what a form asks for.
 * @param {Form} form @param {EditorScript} script
 * @returns {(changed: () => void) => import("./connection.js").Connection}
 */
export function opening(form, { slug, routes }) {
  const kind = kindOf(form, routes);
  if (kind === "socket")
    return (changed) => new FollowedSocket(pathOf(form), protocolsOf(form), changed);
  const { headers, ...request } = requestOf(form);
  // As an EventSource does.
  const isTyped = headers.some(({ name }) => name.toLowerCase() === "accept");
  const accept = kind === "stream" && !isTyped ? [{ name: "Accept", value: EVENT_STREAM }] : [];
  const sent = { ...request, headers: [...headers, ...accept] };
  return (changed) => new FollowedRequest(sent, slug, changed);
}

/**
 * Opens a stream again, after the last event that came.
 * @param {FollowedRequest} before @param {string} slug
 * @returns {(changed: () => void) => FollowedRequest}
 */
export function resuming({ request, events }, slug) {
  const others = request.headers.filter(({ name }) => name.toLowerCase() !== "last-event-id");
  const headers = [...others, { name: "Last-Event-ID", value: events.lastEventId }];
  return (changed) => new FollowedRequest({ ...request, headers }, slug, changed);
}
