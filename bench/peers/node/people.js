// What the peer does about people; the same rules as the engine's, as far as they are measured.
import { createHash, randomBytes } from "node:crypto";
import mercurius from "mercurius";
import { row, rows, transaction } from "./database.js";

const { ErrorWithProps } = mercurius;
const STORED = { EDITOR: "Editor", ADMINISTRATOR: "Administrator" };

/** The sender of the request, looked up each time; throws for an invalid token. */
export async function callerOf(request) {
  const secret = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (secret === undefined) return null;
  const hash = createHash("sha256").update(secret).digest();
  const caller = await row("caller", [hash, request.ip]);
  if (caller === undefined) throw refusal("This token does not count.", "UNAUTHENTICATED", 401);
  if (caller.stale) await rows("touch_token", [caller.token_id, request.ip]);
  return caller;
}

/** A page of users, newest first. */
export async function page({ first, after, search }, withIdentities) {
  if (first < 1 || first > 200) throw refusal("first: 1 to 200.", "BAD_USER_INPUT");
  const found = await read(first + 1, after, search, withIdentities);
  const nodes = found.slice(0, first);
  const last = nodes.at(-1);
  return {
    nodes,
    pageInfo: {
      hasNextPage: found.length > first,
      endCursor: last ? toCursor([last.place, last.id]) : null,
    },
  };
}

function read(limit, after, search, withIdentities) {
  if (search) return rows("page_search", [limit, search.replace(/[\\%_]/g, "\\$&"), search]);
  if (after) return rows("page_after", [limit, ...fromCursor(after)]);
  return rows(withIdentities ? "page_identities" : "page", [limit]);
}

/** How many users there are. */
export async function count() {
  return (await row("count")).count;
}

/** Give or take a role, with its event in the trail, all in one transaction. */
export async function changeRole(caller, request, { userId, role, reason = null }, isGrant) {
  mustAdminister(caller);
  const stored = STORED[role];
  if (stored === undefined) throw refusal("role: EDITOR or ADMINISTRATOR.", "BAD_USER_INPUT");
  return transaction(async (client) => {
    await rows("lock", [[userId, caller.id]], client);
    const standing = await row("standing", [userId, caller.id, stored], client);
    if (standing === undefined) throw refusal(`There is no user ${userId}.`, "NOT_FOUND");
    if (!standing.may) throw refusal("This needs the role Administrator.", "FORBIDDEN");
    if (standing.holds === isGrant) {
      return { user: await row("user", [userId], client), role, changed: false };
    }
    if (isGrant) await rows("grant", [userId, stored, caller.email, reason], client);
    else await rows("revoke", [userId, stored], client);
    const user = await row("touch", [userId], client);
    const told = JSON.stringify({ role: stored });
    await rows(
      "audit",
      [
        ...[isGrant ? "role.granted" : "role.revoked", caller.id, caller.email, userId, user.email],
        ...[isGrant ? null : told, isGrant ? told : null, reason, caller.token_id],
        ...[randomBytes(8).toString("hex"), request.ip, request.headers["user-agent"] ?? null],
      ],
      client,
    );
    return { user, role, changed: true };
  });
}

/** The change that an announcement (`number action`) is about; null for any other event. */
export async function announced(message) {
  const [number, action] = message.split(" ");
  if (!action.startsWith("role.")) return null;
  const { user_id: userId } = await row("change", [number]);
  return { kind: "ROLES", userId, user: await row("user", [userId]) };
}

/** Throw unless the caller is an administrator. */
export function mustAdminister(caller) {
  if (caller === null) throw refusal("Sign in first.", "UNAUTHENTICATED");
  if (!caller.roles.includes("ADMINISTRATOR")) {
    throw refusal("This needs the role ADMINISTRATOR.", "FORBIDDEN");
  }
}

function refusal(message, code, statusCode = 200) {
  return new ErrorWithProps(message, { code }, statusCode);
}

function toCursor(place) {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

function fromCursor(cursor) {
  return JSON.parse(Buffer.from(cursor, "base64url").toString());
}
