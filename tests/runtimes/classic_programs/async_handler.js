const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function slow(context) {
  await wait(2);
  const parts = await Promise.all([1, 2, 3].map(async (n) => (await wait(n), n * n)));
  return ResponseBuilder.json({ parts, id: context.invocationId });
}

async function init() {
  await wait(1);
  routeRegistry.registerRoute("/slow", "slow", "GET");
}
