/** The greeting of one name. */
export function greeting(name: string): string {
  return `Hello, ${name}!`;
}
