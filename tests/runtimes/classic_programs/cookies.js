function read(context) {
  const cookies = Object.fromEntries(
    (context.request.headers.cookie || "")
      .split("; ")
      .filter(Boolean)
      .map((pair) => pair.split("=")),
  );
  const visits = Number(cookies.visits || 0) + 1;
  return {
    status: 200,
    body: JSON.stringify({ visits }),
    contentType: "application/json",
    headers: { "Set-Cookie": [`visits=${visits}; Path=/`, "seen=yes"] },
  };
}

function init() {
  routeRegistry.registerRoute("/visits", "read", "GET");
}
