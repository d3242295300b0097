//! What rust-analyzer is given of the library: the sources of the crates whose types cells hold.
//!
//! The library is made of hundreds of crates. rust-analyzer would read all of them before the first
//! cell, and look through what it knows of them again at every `let`. The view has mambascope's own
//! crates and a few others, each under a manifest that names no more than these as dependencies.

use super::build::cargo;
use crate::{Error, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Crates from the registry whose types variables have or whose methods lead to such types. A value
/// of a type from any other crate needs the type written at its `let`.
const SEEN: [&str; 12] = [
    "anyhow",
    "candle-core",
    "candle-nn",
    "float8",
    "half",
    "num-traits",
    "plotters",
    "plotters-backend",
    "plotters-svg",
    "safetensors",
    "serde_json",
    "tokenizers",
];

/// A library crate of the view.
struct Seen<'a> {
    package: &'a Value,
    target: &'a Value,
    /// Its folder within the view.
    folder: String,
}

/// Writes the view of a package into a folder; returns the folder of the package in it.
///
/// `package` is the folder of a crate whose manifest depends on what is to be seen.
pub(super) fn write(folder: &Path, package: &Path, name: &str, host: &str) -> Result<PathBuf> {
    let metadata = metadata(package, host)?;
    let seen = seen(&metadata);
    write_crates(folder, &metadata, &seen)?;
    seen.values()
        .find(|one| one.package["name"] == name)
        .map(|one| folder.join(&one.folder))
        .ok_or_else(|| Error::Content {
            path: package.to_owned(),
            what: format!("does not depend on {name}"),
        })
}

/// Writes each crate of the view into a folder of its own.
fn write_crates(folder: &Path, metadata: &Value, seen: &BTreeMap<&str, Seen<'_>>) -> Result<()> {
    for node in list(&metadata["resolve"]["nodes"]) {
        let Some(one) = seen.get(text(&node["id"])) else { continue };
        let here = folder.join(&one.folder);
        let sources = Path::new(text(&one.target["src_path"]));
        let root = if one.package["source"].is_null() {
            sources.to_owned()
        } else {
            // The registry's folder may be emptied; the view is to last as long as the library.
            let parent = sources.parent().unwrap_or(sources);
            copy_sources(parent, &here.join("src"))?;
            Path::new("src").join(sources.file_name().unwrap_or_default())
        };
        let manifest = here.join("Cargo.toml");
        std::fs::create_dir_all(&here).map_err(Error::file(&here))?;
        let text = manifest_of(one, &root, node, seen);
        std::fs::write(&manifest, text).map_err(Error::file(&manifest))?;
    }
    Ok(())
}

/// What cargo knows of a package and all that it depends on.
fn metadata(package: &Path, host: &str) -> Result<Value> {
    let output = cargo(&["metadata", "--format-version=1", "--filter-platform", host])
        .current_dir(package)
        .output()
        .map_err(|source| Error::Tool { tool: "cargo", source })?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Error::Build { folder: package.to_owned(), output });
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| Error::Content { path: package.to_owned(), what: error.to_string() })
}

/// The crates of the view, by cargo's name for their packages: those without a registry and those
/// of the list.
fn seen(metadata: &Value) -> BTreeMap<&str, Seen<'_>> {
    let libraries = list(&metadata["packages"]).iter().filter_map(|package| {
        let name = text(&package["name"]);
        if !package["source"].is_null() && !SEEN.contains(&name) {
            return None;
        }
        let target = list(&package["targets"]).iter().find(|target| {
            list(&target["kind"]).iter().any(|kind| matches!(text(kind), "lib" | "rlib" | "dylib"))
        })?;
        let folder = format!("{name}-{}", text(&package["version"]));
        Some((text(&package["id"]), Seen { package, target, folder }))
    });
    libraries.collect()
}

/// The manifest of a crate in the view.
fn manifest_of(
    one: &Seen<'_>,
    root: &Path,
    node: &Value,
    seen: &BTreeMap<&str, Seen<'_>>,
) -> String {
    let own = |key: &str| (key.to_owned(), toml::Value::from(text(&one.package[key])));
    let mut package: toml::Table = ["name", "version", "edition"].map(own).into_iter().collect();
    for other in ["autobins", "autoexamples", "autotests", "autobenches"] {
        package.insert(other.to_owned(), false.into());
    }
    let mut library = toml::Table::new();
    library.insert("name".to_owned(), text(&one.target["name"]).replace('-', "_").into());
    library.insert("path".to_owned(), root.to_string_lossy().into_owned().into());

    // The features that are on are those of the library, so all of them are on by default.
    let named = || list(&node["features"]).iter().map(text).filter(|name| *name != "default");
    let mut features: toml::Table =
        named().map(|name| (name.to_owned(), toml::Value::Array(Vec::new()))).collect();
    let all = named().map(toml::Value::from).collect();
    features.insert("default".to_owned(), toml::Value::Array(all));

    let dependencies = list(&node["deps"]).iter().filter_map(|dependency| {
        let other = seen.get(text(&dependency["pkg"]))?;
        let normal = list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
        let mut table = toml::Table::new();
        table.insert("package".to_owned(), text(&other.package["name"]).into());
        table.insert("path".to_owned(), format!("../{}", other.folder).into());
        normal.then(|| (text(&dependency["name"]).to_owned(), toml::Value::Table(table)))
    });
    let dependencies: toml::Table = dependencies.collect();
    let tables = [
        ("package", package),
        ("lib", library),
        ("features", features),
        ("dependencies", dependencies),
    ];
    let manifest: toml::Table =
        tables.map(|(name, table)| (name.to_owned(), table.into())).into_iter().collect();
    manifest.to_string()
}

/// Copies the Rust files of a folder.
fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).map_err(Error::file(to))?;
    for entry in std::fs::read_dir(from).map_err(Error::file(from))?.flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_sources(&path, &target)?;
        } else if path.extension().is_some_and(|it| it == "rs") {
            std::fs::copy(&path, &target).map_err(Error::file(&path))?;
        }
    }
    Ok(())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(name: &str, source: Option<&str>, root: &Path) -> Value {
        json!({
            "id": name, "name": name, "version": "1.0.0", "edition": "2021", "source": source,
            "targets": [{"kind": ["lib"], "name": name, "src_path": root}],
        })
    }

    fn depends(name: &str, features: &[&str], on: &[(&str, Option<&str>)]) -> Value {
        let deps: Vec<_> = on
            .iter()
            .map(|(pkg, kind)| json!({"name": pkg.replace('-', "_"), "pkg": pkg, "dep_kinds": [{"kind": kind}]}))
            .collect();
        json!({"id": name, "features": features, "deps": deps})
    }

    #[test]
    fn the_view_has_ours_and_the_listed_and_their_edges() {
        let folder = tempfile::tempdir().expect("a folder");
        let registry = folder.path().join("registry");
        std::fs::create_dir_all(registry.join("deep")).expect("folders");
        for name in ["lib.rs", "deep/more.rs", "notes.txt"] {
            std::fs::write(registry.join(name), name).expect("a file");
        }
        let root = registry.join("lib.rs");
        let metadata = json!({
            "packages": [
                package("ours", None, Path::new("/ours/src/lib.rs")),
                package("candle-core", Some("registry"), &root),
                package("rayon", Some("registry"), &root),
                package("half", Some("registry"), &root),
            ],
            "resolve": {"nodes": [
                depends("ours", &["default", "hub"], &[("candle-core", None), ("rayon", None), ("half", Some("dev"))]),
                depends("candle-core", &[], &[("half", None)]),
                depends("rayon", &[], &[]),
                depends("half", &[], &[]),
            ]},
        });
        let seen = seen(&metadata);
        assert_eq!(seen.keys().copied().collect::<Vec<_>>(), ["candle-core", "half", "ours"]);
        let view = folder.path().join("view");
        write_crates(&view, &metadata, &seen).expect("written");

        let manifest = |name: &str| -> toml::Table {
            let text = std::fs::read_to_string(view.join(name).join("Cargo.toml"));
            text.expect("a manifest").parse().expect("toml")
        };
        let ours = manifest("ours-1.0.0");
        assert_eq!(ours["lib"]["path"].as_str(), Some("/ours/src/lib.rs"));
        assert_eq!(ours["features"]["default"].as_array().map(Vec::len), Some(1));
        let dependencies = ours["dependencies"].as_table().expect("a table");
        assert_eq!(dependencies.keys().collect::<Vec<_>>(), ["candle_core"]);
        assert_eq!(dependencies["candle_core"]["path"].as_str(), Some("../candle-core-1.0.0"));
        let copied = view.join("candle-core-1.0.0/src");
        assert!(copied.join("deep/more.rs").is_file() && !copied.join("notes.txt").exists());
        assert_eq!(manifest("candle-core-1.0.0")["lib"]["path"].as_str(), Some("src/lib.rs"));
    }
}
