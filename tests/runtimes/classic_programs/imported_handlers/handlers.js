export function ping() {
  return ResponseBuilder.text("ping");
}

export const pong = () => ResponseBuilder.text("pong");
