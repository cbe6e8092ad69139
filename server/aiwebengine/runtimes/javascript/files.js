// The script's files: `env.files`, `assetStorage` and asset routes of the classic form.

import { checkRoute } from "./registry.js";
import { missing } from "./unavailable.js";

/** `env.files`. */
export function moduleEnv() {
  return missing("env.files", "get put delete list");
}

/** The globals of the classic form. */
export function classic(host, registry) {
  return {
    assetStorage: missing("assetStorage", "listAssets fetchAsset upsertAsset deleteAsset"),
    routeRegistry: {
      registerAssetRoute(path, asset, meta) {
        checkRoute(path, "GET");
        return registry.add("asset", path, { path, asset, meta });
      },
    },
  };
}
