//! The kernel's place among Jupyter's kernels: its description, its pictures, its program.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::{Error, Result};

/// The name under which Jupyter knows the kernel.
pub const NAME: &str = "mambascope";

const TEMPLATE: &str = include_str!("../../../kernelspec/kernel.json");
const PICTURES: [(&str, &[u8]); 3] = [
    ("logo-32x32.png", include_bytes!("../../../kernelspec/logo-32x32.png")),
    ("logo-64x64.png", include_bytes!("../../../kernelspec/logo-64x64.png")),
    ("logo-svg.svg", include_bytes!("../../../kernelspec/logo-svg.svg")),
];

/// Whose Jupyter gets the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The user's.
    User,
    /// The active Python environment's: a venv, a conda environment, or the `python3` on the PATH.
    Environment,
    /// That of some folder: `DIR/share/jupyter/kernels`.
    Prefix(PathBuf),
}

impl Place {
    /// The folder of Jupyter's data.
    ///
    /// # Errors
    /// When the user has no such folder, or no Python environment is active.
    pub fn data(&self) -> Result<PathBuf> {
        match self {
            Self::User => user_data().ok_or(Error::NoDataFolder),
            Self::Environment => Ok(environment()?.join("share/jupyter")),
            Self::Prefix(folder) => Ok(folder.join("share/jupyter")),
        }
    }

    /// Writes the kernel's description, so that Jupyter starts this program for it.
    ///
    /// `RUST_SRC_PATH` is kept with it where it is set now: a Jupyter that is started from a menu does not have it.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn install(&self, program: &Path) -> Result<PathBuf> {
        let folder = self.data()?.join("kernels").join(NAME);
        fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
        let source = std::env::var("RUST_SRC_PATH").ok().filter(|folder| !folder.is_empty());
        write(&folder.join("kernel.json"), &description(program, source.as_deref())?)?;
        for (name, bytes) in PICTURES {
            write(&folder.join(name), bytes)?;
        }
        Ok(folder)
    }
}

/// `kernel.json` for a program.
fn description(program: &Path, library_source: Option<&str>) -> Result<Vec<u8>> {
    let template = || Error::Content {
        path: "kernelspec/kernel.json".into(),
        what: "is no kernel's description".to_owned(),
    };
    let mut description: Value = serde_json::from_str(TEMPLATE).map_err(|_| template())?;
    let program = program.to_str().ok_or_else(|| Error::Content {
        path: program.to_owned(),
        what: "is not UTF-8, which Jupyter needs".to_owned(),
    })?;
    *description.pointer_mut("/argv/0").ok_or_else(template)? = json!(program);
    if let Some(folder) = library_source {
        description["env"]["RUST_SRC_PATH"] = json!(folder);
    }
    serde_json::to_vec_pretty(&description).map_err(|_| template())
}

/// Writes a file aside and renames it, so that a reader never sees a part, and a running program is not disturbed.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let aside = path.with_extension(format!("{}.new", std::process::id()));
    let file = fs::File::create(&aside).and_then(|mut file| file.write_all(bytes));
    file.and_then(|()| fs::rename(&aside, path)).map_err(Error::file(path))
}

/// # Source
/// `jupyter_data_dir` of jupyter_core.
fn user_data() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("JUPYTER_DATA_DIR").or_else(|| {
        if cfg!(target_os = "macos") {
            set("HOME").map(|home| home.join("Library/Jupyter"))
        } else if cfg!(windows) {
            set("APPDATA").map(|data| data.join("jupyter"))
        } else {
            let data = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")));
            data.map(|data| data.join("jupyter"))
        }
    })
}

fn environment() -> Result<PathBuf> {
    let active = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().find_map(std::env::var_os);
    if let Some(folder) = active {
        return Ok(folder.into());
    }
    let said = Command::new("python3")
        .args(["-c", "import sys; print(sys.prefix)"])
        .output()
        .map_err(|source| Error::Tool { tool: "python3", source })?;
    Ok(String::from_utf8_lossy(&said.stdout).trim().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jupyter_gets_what_it_asks_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place::Prefix(folder.path().to_owned());
        let program = Path::new("/opt/mambascope kernel/bin");
        let installed = place.install(program).expect("written");
        assert_eq!(installed, folder.path().join("share/jupyter/kernels/mambascope"));
        let text = fs::read(installed.join("kernel.json")).expect("a file");
        let description: Value = serde_json::from_slice(&text).expect("json");
        assert_eq!(description["argv"], json!(["/opt/mambascope kernel/bin", "{connection_file}"]));
        assert_eq!(description["language"], "rust");
        assert_eq!(description["interrupt_mode"], "message");
        for (name, side) in [("logo-32x32.png", 32), ("logo-64x64.png", 64)] {
            let picture = fs::read(installed.join(name)).expect("a picture");
            // Width and height stand in a PNG's first chunk.
            assert_eq!(picture[16..24], [0, 0, 0, side, 0, 0, 0, side]);
        }
        assert_eq!(fs::read_dir(&installed).expect("a folder").count(), 4, "nothing is left aside");
    }

    #[test]
    fn the_library_source_is_kept() {
        let text = description(Path::new("k"), Some("/src/library")).expect("json");
        let description: Value = serde_json::from_slice(&text).expect("json");
        assert_eq!(description["env"]["RUST_SRC_PATH"], "/src/library");
    }
}
