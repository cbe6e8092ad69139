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

/**
 * The files of a new script with this slug, by path.
 * @param {string} name @param {string} slug
 * @throws {Error} when there is no such template
 */
export async function filesOfTemplate(name, slug) {
  const { scriptTemplates } = await ask(FILES);
  const found = scriptTemplates.find((template) => template.name === name);
  if (!found) throw new Error(`There is no template ${name}. Choose what to start with.`);
  return Object.fromEntries(
    found.files.map(({ path, text }) => [path, text.replaceAll(SLUG, slug)]),
  );
}
