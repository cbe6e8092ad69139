import { formatMoney } from "./lib/money.ts";
import { products, type Product } from "./data/products.ts";

function show(context: { request: { params: Record<string, string> } }) {
  const product: Product | undefined = products.find((one) => one.id === context.request.params.id);
  if (product === undefined) return ResponseBuilder.error(404, "no such product");
  return ResponseBuilder.text(`${product.name}: ${formatMoney(product.cents)}`);
}

function init() {
  routeRegistry.registerRoute("/products/:id", "show", "GET");
}
