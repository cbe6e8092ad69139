// @ts-check
/** Templates of new scripts. */
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { useQuery } from "../../lib/load.js";

const TEMPLATES = gql("query ScriptTemplates { scriptTemplates { name title description } }");
const FILES = gql("query ScriptTemplateFiles { scriptTemplates { name files { path text } } }");

/** The place of the slug in the texts. */
const SLUG = "__SLUG__";

/** The templates without their files. */
export const useTemplates = () => useQuery(TEMPLATES, {}, { isContent: false });

/** The files of a new script with this slug, by path. @param {string} name @param {string} slug */
export async function filesOfTemplate(name, slug) {
  const { scriptTemplates } = await ask(FILES);
  const found = scriptTemplates.find((template) => template.name === name);
  return Object.fromEntries(
    (found?.files ?? []).map(({ path, text }) => [path, text.replaceAll(SLUG, slug)]),
  );
}
