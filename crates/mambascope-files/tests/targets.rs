//! Names that lead to a file, names that do not, and what becomes of rights and links.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use mambascope_files::{Error, Special, check, write};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).expect("a file").mode() & 0o7777
}

/// What is refused before the work is refused when writing, in the same words, and nothing is left behind.
fn refused(folder: &Path, file: &Path) -> Error {
    let names = || fs::read_dir(folder).map_or(0, Iterator::count);
    let before = names();
    let checked = check(file).expect_err("refused");
    let written = write(file, b"new").expect_err("refused");
    assert_eq!(checked.to_string(), written.to_string());
    assert_eq!(names(), before, "{checked}");
    let words = checked.to_string();
    assert!(words.contains("\nhelp: ") && words.lines().count() == 2, "{words}");
    checked
}

#[test]
fn a_new_file_has_the_rights_of_any_new_file() {
    let folder = folder();
    // What the process's mask gives is seen in a file that is made in the plain way.
    let plain = folder.path().join("plain");
    fs::write(&plain, "").expect("written");
    for name in ["scores.npz", "a name with spaces.json", "ñ本.csv"] {
        let file = folder.path().join(name);
        check(&file).expect("free");
        assert!(!file.exists(), "a check leaves nothing");
        write(&file, b"new").expect("written");
        assert_eq!((mode(&file), fs::read(&file).expect("read")), (mode(&plain), b"new".to_vec()));
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 4);
}

#[test]
fn the_mode_of_a_file_that_was_there_is_kept() {
    let folder = folder();
    let file = folder.path().join("scores.json");
    for kept in [0o600, 0o640, 0o755, 0o666, 0o222] {
        fs::write(&file, "old").expect("written");
        fs::set_permissions(&file, Permissions::from_mode(kept)).expect("a mode");
        check(&file).expect("free");
        assert_eq!(mode(&file), kept);
        write(&file, b"new").expect("written");
        assert_eq!(mode(&file), kept);
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("a mode");
        assert_eq!(fs::read(&file).expect("read"), b"new");
    }
}

#[test]
fn the_owner_of_a_file_that_was_there_is_kept_where_that_is_permitted() {
    let folder = folder();
    let file = folder.path().join("scores.json");
    fs::write(&file, "old").expect("written");
    if std::os::unix::fs::chown(&file, Some(4321), Some(1234)).is_err() {
        return; // Only root may give files away.
    }
    write(&file, b"new").expect("written");
    let about = fs::metadata(&file).expect("a file");
    assert_eq!((about.uid(), about.gid()), (4321, 1234));
}

#[test]
fn links_stay_and_lead_to_what_is_written() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("results")).expect("a folder");
    fs::write(at("results/old.json"), "old").expect("written");
    fs::set_permissions(at("results/old.json"), Permissions::from_mode(0o640)).expect("a mode");
    symlink("results/old.json", at("relative.json")).expect("a link");
    symlink(at("results/old.json"), at("absolute.json")).expect("a link");
    symlink("relative.json", at("chain.json")).expect("a link");
    symlink("results/new.json", at("dangling.json")).expect("a link");
    symlink("results", at("folder")).expect("a link");
    let cases = [
        ("relative.json", "results/old.json"),
        ("absolute.json", "results/old.json"),
        ("chain.json", "results/old.json"),
        ("dangling.json", "results/new.json"),
        ("folder/third.json", "results/third.json"),
    ];
    for (link, target) in cases {
        check(at(link)).expect("free");
        write(at(link), link.as_bytes()).expect("written");
        assert_eq!(fs::read(at(target)).expect("read"), link.as_bytes(), "{link}");
    }
    for link in ["relative.json", "absolute.json", "chain.json", "dangling.json", "folder"] {
        assert!(at(link).is_symlink(), "{link}");
    }
    assert_eq!(mode(&at("results/old.json")), 0o640);
    assert_eq!(fs::read_dir(at("results")).expect("a folder").count(), 3);
}

#[test]
fn links_that_lead_nowhere_are_refused() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    symlink("b.json", at("a.json")).expect("a link");
    symlink("a.json", at("b.json")).expect("a link");
    symlink("self.json", at("self.json")).expect("a link");
    symlink("none/x.json", at("gone.json")).expect("a link");
    symlink("loop", at("loop")).expect("a link");
    for name in ["a.json", "b.json", "self.json", "loop/x.json"] {
        let error = refused(folder.path(), &at(name));
        assert!(matches!(error, Error::Loop { .. }), "{name}: {error}");
    }
    let error = refused(folder.path(), &at("gone.json"));
    assert!(matches!(error, Error::NoFolder { .. }), "{error}");
    assert!(error.to_string().contains("there is no folder"), "{error}");
}

#[test]
fn things_that_are_no_file_are_refused() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("folder.json")).expect("a folder");
    let _socket = UnixListener::bind(at("socket.json")).expect("a socket");
    assert!(Command::new("mkfifo").arg(at("pipe.json")).status().expect("mkfifo runs").success());
    symlink("/dev/null", at("null.json")).expect("a link");
    symlink("/dev/full", at("full.json")).expect("a link");
    symlink("pipe.json", at("to-pipe.json")).expect("a link");
    let cases = [
        ("folder.json", Special::Folder),
        ("folder.json/", Special::Folder),
        ("folder.json/..", Special::Folder),
        ("missing/", Special::Folder),
        ("socket.json", Special::Socket),
        ("pipe.json", Special::Pipe),
        ("to-pipe.json", Special::Pipe),
        ("null.json", Special::Device),
        ("full.json", Special::Device),
    ];
    for (name, expected) in cases {
        let error = refused(folder.path(), &at(name));
        assert!(
            matches!(error, Error::Special { special, .. } if special == expected),
            "{name}: {error}"
        );
    }
    for device in ["/dev/null", "/dev/full", "/dev/zero"] {
        let error = check(device).expect_err("a device");
        assert!(error.to_string().contains("it is a device\nhelp: name a file"), "{error}");
        assert!(fs::metadata(device).expect("still there").file_type().is_char_device());
    }
}

#[test]
fn places_that_are_missing_are_named() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "").expect("written");
    let missing = |name: &str| refused(folder.path(), &at(name)).to_string();
    assert!(missing("none/x.json").contains("/none`\nhelp: make the folder first"));
    assert!(missing("none/deeper/x.json").contains("/none/deeper`"));
    for name in ["file/x.json", "file/deeper/x.json"] {
        assert!(missing(name).contains("/file` is a file, not a folder"), "{}", missing(name));
    }
    let long = format!("{}.json", "x".repeat(300));
    assert!(missing(&long).contains("the name is too long"));
    let error = check("").expect_err("no name");
    assert!(error.to_string().contains("empty"), "{error}");
}

#[test]
fn what_is_read_only_is_not_replaced() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    for mode in [0o444, 0o400, 0o555] {
        let file = at("kept.json");
        fs::write(&file, "old").expect("written");
        fs::set_permissions(&file, Permissions::from_mode(mode)).expect("a mode");
        let error = refused(folder.path(), &file);
        assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
        assert_eq!(fs::read(&file).expect("read"), b"old");
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("a mode");
    }
    fs::create_dir(at("locked")).expect("a folder");
    fs::set_permissions(at("locked"), Permissions::from_mode(0o555)).expect("a mode");
    // Root may write where nobody may.
    if fs::write(at("locked/probe"), "").is_err() {
        let error = refused(&at("locked"), &at("locked/x.json"));
        assert!(matches!(error, Error::ReadOnlyFolder { .. }), "{error}");
    }
    fs::set_permissions(at("locked"), Permissions::from_mode(0o755)).expect("a mode");
}

#[test]
fn where_nothing_can_be_made_that_is_said() {
    // A file system that lets nobody make files, root or not.
    let Err(error) = check("/proc/self/trace.json") else { return };
    assert!(!error.to_string().is_empty() && error.to_string().contains("help: "), "{error}");
}

#[test]
fn an_unfinished_file_leaves_the_old_one() {
    use std::io::Write as _;
    let folder = folder();
    let file = folder.path().join("scores.json");
    fs::write(&file, "old").expect("written");
    let aside = mambascope_files::Aside::beside(&file).expect("free");
    aside.file().write_all(b"half").expect("written");
    assert_eq!(fs::read(&file).expect("read"), b"old");
    drop(aside);
    assert_eq!(fs::read(&file).expect("read"), b"old");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}
