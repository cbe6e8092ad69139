// Receives webhooks that are signed with HMAC-SHA256, such as those of code hosts and payment
// services. The script never sees the secret: the engine compares the signature.
//
//   printf %s 'the secret' | aiwebengine scripts secrets set webhook HOOK --no-host

const KEPT_SECS = 7 * 24 * 3600;

export const routes: Routes = {
  "POST /webhook": async (request, env) => {
    if (!(await env.secrets.has("HOOK"))) {
      return Response.json({ error: "The secret HOOK is not set." }, { status: 503 });
    }
    const body = await request.bytes();
    const signature = request.headers.get("x-hub-signature-256") ?? "";
    if (!(await env.secrets.verifyHmac("HOOK", body, signature))) {
      return Response.json({ error: "The signature is missing or wrong." }, { status: 401 });
    }
    const id = request.headers.get("x-delivery") ?? "";
    if (!/^[\w-]{1,64}$/.test(id)) {
      return Response.json({ error: "X-Delivery must be an ID." }, { status: 400 });
    }
    // Senders repeat a delivery when they get no answer: it counts once.
    const isNew = await stored(env, `delivery:${id}`, new TextDecoder().decode(body));
    if (isNew) console.log("received", id);
    return Response.json({ received: id, repeated: !isNew });
  },
};

/** Stores a value under a new key; false if the key exists. */
export async function stored(env: Env, key: string, value: string): Promise<boolean> {
  try {
    await env.kv.set(key, value, { ifVersion: 0, ttl: KEPT_SECS });
    return true;
  } catch (error) {
    if ((error as EngineError).code === "CONFLICT") return false;
    throw error;
  }
}
