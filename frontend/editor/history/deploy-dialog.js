// @ts-check
/** Deploys the newest version. */
import { gql } from "../../lib/documents.js";
import { ask } from "../../lib/gql.js";
import { say, sayRefused } from "../../lib/parts.js";

const DEPLOY = gql(`mutation EditorDeploy($input: DeployScriptInput!) {
  deployScript(input: $input) { script { activeVersion } }
}`);

/** Saves what is here, and deploys it. @param {import("../workspace/files.js").Workspace} workspace */
export async function deployFlow(workspace) {
  if (workspace.isDirty && (await workspace.save()) === null) return;
  try {
    const { deployScript } = await ask(DEPLOY, { input: { slug: workspace.slug } });
    say(`Version ${deployScript.script.activeVersion} is deployed.`);
    await workspace.reload();
  } catch (refused) {
    sayRefused(refused);
  }
}
