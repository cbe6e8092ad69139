// @ts-check
/** The request whose lines the panel Log should show, wherever it was asked for. */
import { useEffect, useState } from "preact/hooks";
import { addressOf, go, openByAddress } from "../address.js";

/** @type {Set<(request: string) => void>} */
const listeners = new Set();
let wanted = "";

/** Opens the panel Log with the lines of a request; with those of all when it is empty. @param {string} slug @param {string} request */
export function showLogOf(slug, request) {
  wantRequest(request);
  go(addressOf(slug, { ...openByAddress(), panel: "log" }));
}

/** @param {string} request */
export function wantRequest(request) {
  wanted = request;
  listeners.forEach((listener) => listener(request));
}

/** The request that is wanted now. */
export function useWantedRequest() {
  const [request, setRequest] = useState(wanted);
  useEffect(() => {
    setRequest(wanted);
    listeners.add(setRequest);
    return () => void listeners.delete(setRequest);
  }, []);
  return request;
}
