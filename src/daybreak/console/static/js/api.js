// The public HTTP API. Every request of the page goes through `call`.
import { language } from "./i18n.js";
import { Shared } from "./store.js";

export const ROOT = new URL("api/v1/", document.baseURI);

/** What this browser may do; null until it is known. See `GET /session`. */
export const session = new Shared(null);

/** A request that failed; `message` is what the server says, with the next step. */
export class ApiError extends Error {
  constructor(status, code, detail, body = {}) {
    super(detail);
    Object.assign(this, { status, code, body, faults: body.errors ?? [], requestId: body.request_id });
  }
}

const ROLES = ["read", "write", "admin"];
/** Say whether the session has a role. */
export const may = (role) => ROLES.indexOf(session.value?.role ?? "") >= ROLES.indexOf(role);

/** Encode one part of a path: ids may contain any text. */
export const part = (id) => encodeURIComponent(id).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** Return the parameters of a URL: empty values are left out, lists are repeated. */
export function parameters(values) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(values ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") found.append(name, one);
    }
  }
  return found;
}

/**
 * Send a request and return the JSON object of the response.
 * @param {string} method
 * @param {string} path below /api/v1, without a slash at the front
 * @param {{query?: object, body?: any, file?: Blob, type?: string, signal?: AbortSignal, raw?: boolean}} options
 * @throws {ApiError}
 */
export async function call(method, path, options = {}) {
  const url = new URL(path, ROOT);
  url.search = parameters(options.query).toString();
  const headers = { Accept: "application/json", "Accept-Language": language.value };
  let body;
  if (options.file !== undefined) {
    body = options.file;
    headers["Content-Type"] = options.type ?? "application/octet-stream";
  } else if (options.body !== undefined) {
    body = JSON.stringify(options.body);
    headers["Content-Type"] = "application/json";
  }
  if (method !== "GET" && session.value?.csrf_token) headers["X-CSRF-Token"] = session.value.csrf_token;
  let response;
  try {
    response = await fetch(url, { method, headers, body, signal: options.signal, credentials: "same-origin" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "");
  }
  if (options.raw && response.ok) return response;
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status === 401 && session.value?.role) session.set({ ...session.value, role: null, csrf_token: null });
  throw new ApiError(response.status, answer.code ?? "error", answer.detail ?? response.statusText, answer);
}

export const get = (path, query, options = {}) => call("GET", path, { ...options, query });
export const post = (path, body, options = {}) => call("POST", path, { ...options, body });

export async function loadSession() { session.set(await call("GET", "session")); }
export async function logIn(key) { session.set(await call("POST", "session", { body: { key } })); }
export async function logOut() { session.set(await call("DELETE", "session")); }
