//! Why a file cannot be written.

use std::fmt;
use std::path::PathBuf;

/// A thing with a name among files that is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Special {
    /// A folder.
    Folder,
    /// A named pipe (FIFO), or the standard output where that is a pipe.
    Pipe,
    /// A socket.
    Socket,
    /// A terminal, `/dev/null`, a disk.
    Device,
}

impl fmt::Display for Special {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Folder => "folder",
            Self::Pipe => "pipe",
            Self::Socket => "socket",
            Self::Device => "device",
        })
    }
}

/// Why a file cannot be written. Nothing was written, and a file that was there is untouched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name is empty.
    #[error("the name of a file to write is empty\nhelp: write a name, for example `trace.json`")]
    NoName,

    /// The name is that of something else than a file.
    #[error("cannot write `{}`: it is a {special}\nhelp: {}", file.display(), instead(*special))]
    Special {
        /// The name that was given.
        file: PathBuf,
        /// What is there.
        special: Special,
    },

    /// There is no such folder.
    #[error(
        "cannot write `{}`: there is no folder `{}`\nhelp: make the folder first (`mkdir -p`), or name another",
        file.display(), folder.display()
    )]
    NoFolder {
        /// The name that was given.
        file: PathBuf,
        /// The folder that the file would be in.
        folder: PathBuf,
    },

    /// A part of the path is a file and not a folder.
    #[error(
        "cannot write `{}`: `{}` is a file, not a folder\nhelp: name another folder",
        file.display(), folder.display()
    )]
    NotFolder {
        /// The name that was given.
        file: PathBuf,
        /// The part of the path that is a file.
        folder: PathBuf,
    },

    /// Files in the folder cannot be made or replaced.
    #[error(
        "cannot write `{}`: the folder `{}` is read-only for this user\n\
         help: name a file in a folder that you may write to, or change its rights (`chmod u+w`)",
        file.display(), folder.display()
    )]
    ReadOnlyFolder {
        /// The name that was given.
        file: PathBuf,
        /// The folder.
        folder: PathBuf,
    },

    /// The file that is there is not to be changed.
    #[error(
        "cannot write `{}`: the file is there and read-only\nhelp: name another file, or change its rights (`chmod u+w`)",
        file.display()
    )]
    ReadOnly {
        /// The name that was given.
        file: PathBuf,
    },

    /// The file is another user's, in a folder where only owners replace files, such as `/tmp`.
    #[error(
        "cannot write `{}`: the file belongs to another user, and its folder lets only owners replace files\n\
         help: name another file",
        file.display()
    )]
    Foreign {
        /// The name that was given.
        file: PathBuf,
    },

    /// Symbolic links point to each other.
    #[error(
        "cannot write `{}`: its symbolic links lead in a circle\nhelp: remove the link, or name another file",
        file.display()
    )]
    Loop {
        /// The name that was given.
        file: PathBuf,
    },

    /// The name has more bytes than the file system allows.
    #[error(
        "cannot write `{}`: the name is too long\nhelp: most file systems allow 255 bytes a name",
        file.display()
    )]
    TooLong {
        /// The name that was given.
        file: PathBuf,
    },

    /// The disk or the user's share of it is full.
    #[error(
        "cannot write `{}`: no space is left in `{}`\nhelp: free some, or name a file on another disk",
        file.display(), folder.display()
    )]
    Full {
        /// The name that was given.
        file: PathBuf,
        /// The folder that the file would be in.
        folder: PathBuf,
    },

    /// Something else that the system said.
    #[error(
        "cannot write `{}`: {message}\nhelp: name a file in another folder",
        file.display()
    )]
    System {
        /// The name that was given.
        file: PathBuf,
        /// What the system said.
        message: String,
    },
}

impl Error {
    /// Whether another name would help, rather than another disk or another try.
    pub const fn is_name(&self) -> bool {
        !matches!(self, Self::Full { .. } | Self::System { .. })
    }
}

/// What to write instead of something that is no file.
const fn instead(special: Special) -> &'static str {
    match special {
        Special::Folder => "name a file in it, for example `trace.json`",
        Special::Pipe | Special::Socket | Special::Device => {
            "name a file, because results are written beside their name and renamed when they are whole; for the \
             standard output write `trace.json` and then `cat` it"
        }
    }
}
