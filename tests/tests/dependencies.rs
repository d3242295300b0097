//! What this program is built from: allowed licences, registry sources only, one copy of what must be one.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, ParseMode};

/// Licences that a package may be used under.
const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages whose types cross crates, or that are too large to have twice.
const SINGLE: [&str; 6] = ["candle-core", "half", "resvg", "safetensors", "tokenizers", "zip"];

fn packages() -> Vec<Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    // Packages of other systems need not have been fetched.
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--format-version", "1", "--filter-platform", &platform])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("json");
    metadata["packages"].as_array().expect("packages").clone()
}

fn allowed(package: &Value) -> bool {
    let Some(licence) = package["license"].as_str() else { return false };
    let expression = Expression::parse_mode(licence, ParseMode::LAX);
    let may = |requirement: &spdx::LicenseReq| {
        requirement.license.id().is_some_and(|id| ALLOWED.contains(&id.name))
    };
    expression.is_ok_and(|expression| expression.evaluate(may))
}

#[test]
fn licences_sources_and_copies_are_in_order() {
    let packages = packages();
    let name = |package: &Value| package["name"].as_str().expect("a name").to_owned();
    let refused: Vec<String> = packages
        .iter()
        .filter(|package| !allowed(package))
        .map(|package| format!("{} ({})", name(package), package["license"]))
        .collect();
    assert!(refused.is_empty(), "licences not allowed: {refused:?}");
    let foreign: Vec<String> = packages
        .iter()
        .filter(|package| {
            package["source"].as_str().is_some_and(|source| !source.starts_with("registry+"))
        })
        .map(&name)
        .collect();
    assert!(foreign.is_empty(), "not from the registry: {foreign:?}");
    let mut copies = BTreeMap::new();
    for package in &packages {
        *copies.entry(name(package)).or_insert(0) += 1;
    }
    for single in SINGLE {
        assert_eq!(copies.get(single), Some(&1), "copies of {single}");
    }
}
