//! A file beside its name, which takes the name when it is whole.

use std::fs::File;
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::Error;
use crate::target::Target;

/// A file that is being written; dropped before [`rename`](Aside::rename) it is gone, and what was there stays.
#[derive(Debug)]
pub struct Aside {
    target: Target,
    file: NamedTempFile,
}

impl Aside {
    /// Begins to write a file.
    ///
    /// # Errors
    /// When no such file can be made or replaced.
    pub fn beside(file: impl AsRef<Path>) -> Result<Self, Error> {
        let target = Target::of(file.as_ref())?;
        target.check_file()?;
        Self::of(target)
    }

    pub(crate) fn of(target: Target) -> Result<Self, Error> {
        let file = builder().tempfile_in(target.folder());
        let file = file.map_err(|cause| target.failure(&cause))?;
        Ok(Self { target, file })
    }

    /// The file, to be written to.
    pub fn file(&self) -> &File {
        self.file.as_file()
    }

    /// What a refusal of the system means for this file.
    pub fn failure(&self, cause: &io::Error) -> Error {
        self.target.failure(cause)
    }

    /// Flushes the file to the disk and gives it its name.
    ///
    /// # Errors
    /// When the disk is full, or the folder does not let the file be replaced.
    pub fn rename(self) -> Result<(), Error> {
        let Self { target, file } = self;
        if let Some(before) = &target.before {
            keep(file.as_file(), before).map_err(|cause| target.failure(&cause))?;
        }
        file.as_file().sync_all().map_err(|cause| target.failure(&cause))?;
        file.persist(&target.place).map_err(|error| target.failure(&error.error))?;
        // The new name is on the disk once the folder is; not every file system can be asked for that.
        #[cfg(unix)]
        let _ = File::open(target.folder()).and_then(|folder| folder.sync_all());
        Ok(())
    }

    /// Refuses what [`rename`](Aside::rename) would be refused: another user's file in a folder such as `/tmp`.
    #[cfg(unix)]
    pub(crate) fn check_rename(&self) -> Result<(), Error> {
        use std::os::unix::fs::MetadataExt as _;
        const STICKY: u32 = 0o1000;
        let Some(before) = &self.target.before else { return Ok(()) };
        let failure = |cause: io::Error| self.target.failure(&cause);
        let folder = self.target.folder().metadata().map_err(failure)?;
        let own = self.file.as_file().metadata().map_err(failure)?.uid();
        let is_free = folder.mode() & STICKY == 0 || own == 0;
        if is_free || [before.uid(), folder.uid()].contains(&own) {
            return Ok(());
        }
        Err(Error::Foreign { file: self.target.given.clone() })
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "on unix there is a case")]
    pub(crate) fn check_rename(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// Files made aside have the rights of any new file, less the process's mask; not their owner's alone.
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mambascope-");
    #[cfg(unix)]
    {
        use std::fs::Permissions;
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(Permissions::from_mode(0o666));
    }
    builder
}

/// Gives a file the owner, the group and the mode of the one that it replaces.
///
/// Where the system does not let the group be kept, the new group gets the rights of everyone else: no more than it had.
#[cfg(unix)]
fn keep(file: &File, before: &std::fs::Metadata) -> io::Result<()> {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};
    let now = file.metadata()?;
    if (now.uid(), now.gid()) != (before.uid(), before.gid()) {
        // The owner only by one who may; the group by any of its members.
        if fchown(file, Some(before.uid()), Some(before.gid())).is_err() {
            let _ = fchown(file, None, Some(before.gid()));
        }
    }
    let mode = before.mode() & 0o777;
    let is_kept = file.metadata()?.gid() == before.gid();
    let mode = if is_kept { mode } else { mode & 0o707 | (mode & 0o007) << 3 };
    // A file system without modes may refuse to set one, even that which it has.
    if file.metadata()?.mode() & 0o777 == mode {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(mode))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on unix it may fail")]
fn keep(_file: &File, _before: &std::fs::Metadata) -> io::Result<()> {
    Ok(())
}
