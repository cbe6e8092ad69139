function statistics(context) {
  const numbers = JSON.parse(context.request.body);
  if (!Array.isArray(numbers)) throw new TypeError("the body is not a list");
  const sum = numbers.reduce((total, n) => total + n, 0);
  const mean = sum / numbers.length;
  const variance = numbers.reduce((total, n) => total + (n - mean) ** 2, 0) / numbers.length;
  return ResponseBuilder.json({ sum, mean, deviation: Math.sqrt(variance) });
}

function init() {
  routeRegistry.registerRoute("/statistics", "statistics", "POST");
}
