// A tool and a prompt for language models, at /mcp/scripts/__SLUG__.

import { convert, UNITS } from "./units.ts";

export const tools: Tools = {
  convert_length: {
    description: "Converts a length from one unit to another.",
    input: {
      type: "object",
      properties: {
        value: { type: "number", description: "The length" },
        from: { enum: UNITS, description: "Its unit" },
        to: { enum: UNITS, description: "The wanted unit" },
      },
      required: ["value", "from", "to"],
      additionalProperties: false,
    },
    handler: ({ value, from, to }: { value: number; from: string; to: string }) => ({
      value: convert(value, from, to),
      unit: to,
    }),
  },
};

export const prompts: Prompts = {
  explain_units: {
    description: "Explains the units that can be converted.",
    handler: () => `Explain these units of length to a child: ${UNITS.join(", ")}.`,
  },
};
