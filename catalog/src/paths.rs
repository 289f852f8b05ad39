//! Which paths statements may read and write: one rule, asked by everything that takes a path.
//!
//! *Local* (the command line, embedders): what the operating system's user may read, may be read; written is only in the
//! warehouse and in allowed folders. *Served* (clients of a server, its schedules): reads, too, stay there, since whoever
//! sends a statement need not be the user whose files these are. Links and `..` are resolved first.

use std::io::{Error as IoError, ErrorKind, Result as IoResult};
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::layout::STAGING_DIRECTORY;

/// What is to be done with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading, listing.
    Read,
    /// Making, replacing, deleting.
    Write,
}

/// A folder outside the warehouse that statements may use, with everything below it. Its text is `DIR`, `DIR:rw` (the
/// same) or `DIR:ro`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedPath {
    /// The folder.
    pub folder: PathBuf,
    /// Whether it may be written, too.
    pub writable: bool,
}

/// A text that names no folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a folder, as in /data/logs:ro")]
pub struct NoFolder;

impl FromStr for AllowedPath {
    type Err = NoFolder;

    fn from_str(text: &str) -> std::result::Result<Self, NoFolder> {
        let (folder, writable) = match text.rsplit_once(':') {
            Some((folder, "ro")) => (folder, false),
            Some((folder, "rw")) => (folder, true),
            _ => (text, true),
        };
        if folder.is_empty() {
            return Err(NoFolder);
        }
        Ok(Self {
            folder: folder.into(),
            writable,
        })
    }
}

/// The rule of one open warehouse.
#[derive(Debug)]
pub struct PathRule {
    /// Without links.
    warehouse: PathBuf,
    /// Their folders are without links.
    allowed: Vec<AllowedPath>,
    served: bool,
}

impl PathRule {
    /// The rule for a warehouse whose folder has no links in its path.
    ///
    /// # Errors
    /// [`Error::Io`] with an allowed folder that is none.
    pub(crate) fn new(warehouse: &Path, allowed: &[AllowedPath], served: bool) -> Result<Self> {
        let allowed = allowed
            .iter()
            .map(|given| {
                let found = given.folder.canonicalize().and_then(|folder| {
                    let is_folder = folder.is_dir();
                    let folder = is_folder.then_some(folder);
                    folder.ok_or_else(|| IoError::from(ErrorKind::NotADirectory))
                });
                let folder = found.map_err(|source| Error::Io {
                    path: given.folder.display().to_string(),
                    source,
                })?;
                Ok(AllowedPath { folder, ..*given })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            warehouse: warehouse.to_owned(),
            allowed,
            served,
        })
    }

    /// Whether everything may be read that the operating system lets this process read.
    #[must_use]
    pub fn reads_anything(&self) -> bool {
        !self.served
    }

    /// Whether a path may be used, be there something or not. Returns the path to use: without links where it was looked at,
    /// so that a link that changes meanwhile leads nowhere else.
    ///
    /// # Errors
    /// [`Error::PathNotAllowed`], which says the same whatever lies there.
    pub fn check(&self, path: &Path, access: Access) -> Result<PathBuf> {
        if access == Access::Read && self.reads_anything() {
            return Ok(path.to_owned());
        }
        self.judge(path, resolve(path), access)
    }

    /// [`Self::check`] for writing an entry of a folder, to be moved or deleted: a link is then itself, not where it leads.
    ///
    /// # Errors
    /// [`Error::PathNotAllowed`].
    pub(crate) fn check_entry(&self, path: &Path) -> Result<()> {
        let resolved = match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => resolve(parent).map(|parent| parent.join(name)),
            _ => resolve(path),
        };
        self.judge(path, resolved, Access::Write).map(drop)
    }

    fn judge(&self, path: &Path, resolved: IoResult<PathBuf>, access: Access) -> Result<PathBuf> {
        let refused = |resolved: Option<&Path>, reason: String| Error::PathNotAllowed {
            // Where links lead is nobody's business who may not go there.
            path: match resolved.filter(|it| !self.served && *it != path) {
                Some(resolved) => format!("{} (which is {})", path.display(), resolved.display()),
                None => path.display().to_string(),
            },
            access: match access {
                Access::Read => "read",
                Access::Write => "written",
            },
            reason,
        };
        let outside = || {
            let what = match access {
                Access::Read => "DIR:ro",
                Access::Write => "DIR",
            };
            format!(
                "it lies outside the warehouse and the allowed folders; start the program with --allow-path {what} to \
                 allow a folder"
            )
        };
        let resolved = match resolved {
            Ok(resolved) => resolved,
            Err(_) if self.served => return Err(refused(None, outside())),
            Err(error) => return Err(refused(None, format!("it cannot be resolved: {error}"))),
        };
        if let Ok(inside) = resolved.strip_prefix(&self.warehouse) {
            if is_own(inside) {
                let reason = "it is a file that the warehouse keeps for itself".to_owned();
                return Err(refused(Some(&resolved), reason));
            }
            return Ok(resolved);
        }
        // Of nested folders the innermost counts: a read-only one within a writable one stays so.
        let allowed = self.allowed.iter();
        let innermost = allowed
            .filter(|allowed| resolved.starts_with(&allowed.folder))
            .max_by_key(|allowed| (allowed.folder.as_os_str().len(), allowed.writable));
        match innermost {
            Some(allowed) if allowed.writable || access == Access::Read => Ok(resolved),
            Some(allowed) => Err(refused(
                Some(&resolved),
                format!(
                    "the folder {} is allowed for reading only",
                    allowed.folder.display()
                ),
            )),
            None => Err(refused(Some(&resolved), outside())),
        }
    }
}

/// Whether a path below the warehouse's folder is one of the metastore's, or of the protocol's.
fn is_own(inside: &Path) -> bool {
    let Some(Component::Normal(first)) = inside.components().next() else {
        return false;
    };
    let first = first.to_string_lossy();
    first.starts_with("spotql.sqlite3")
        || (first.starts_with("_spotql_") && first != STAGING_DIRECTORY)
}

/// The path without links and `..`; of what does not exist, the end is taken as it is.
fn resolve(path: &Path) -> IoResult<PathBuf> {
    let path = std::path::absolute(path)?;
    for existing in path.ancestors() {
        match existing.canonicalize() {
            Ok(mut resolved) => {
                let missing = path.strip_prefix(existing).unwrap_or(Path::new(""));
                for part in missing.components() {
                    let Component::Normal(name) = part else {
                        return Err(IoError::other("'..' follows a folder that is not there"));
                    };
                    resolved.push(name);
                }
                return Ok(resolved);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // A link to nothing would be followed once there is something.
                if existing.is_symlink() {
                    return Err(IoError::other(format!(
                        "'{}' is a link to a place that is not there",
                        existing.display()
                    )));
                }
            }
            // Below a file there is nothing; whoever opens the path is told so.
            Err(error) if error.kind() == ErrorKind::NotADirectory => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::NotFound.into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    struct Setup {
        folder: tempfile::TempDir,
        warehouse: PathBuf,
    }

    fn setup() -> Setup {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        for name in ["w/t", "in/deep", "in/kept", "out"] {
            std::fs::create_dir_all(base.join(name)).unwrap();
        }
        Setup {
            folder,
            warehouse: base.join("w"),
        }
    }

    impl Setup {
        fn at(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn rule(&self, allowed: &[&str], served: bool) -> PathRule {
            let allowed: Vec<AllowedPath> = allowed
                .iter()
                .map(|text| format!("{}/{text}", self.folder.path().display()))
                .map(|text| text.parse().unwrap())
                .collect();
            PathRule::new(&self.warehouse, &allowed, served).unwrap()
        }
    }

    #[test]
    fn a_local_user_reads_anything_and_writes_in_warehouse_and_allowed_folders() {
        let setup = setup();
        let rule = setup.rule(&["in", "in/kept:ro"], false);
        assert!(rule.check(Path::new("/etc/passwd"), Access::Read).is_ok());
        for name in ["w/t", "w/new/t", "in/deep", "in/deep/new", "w/t/../t"] {
            assert!(rule.check(&setup.at(name), Access::Write).is_ok(), "{name}");
        }
        for name in ["out", "in/kept/x", "w/../out", "win", "w/no/../../out"] {
            let error = rule.check(&setup.at(name), Access::Write).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn a_served_statement_stays_inside_whatever_links_say() {
        let setup = setup();
        let rule = setup.rule(&["in:ro"], true);
        symlink(setup.at("out"), setup.at("in/leaves")).unwrap();
        symlink(setup.at("in/deep"), setup.at("w/stays")).unwrap();
        symlink(setup.at("nowhere"), setup.at("w/dangling")).unwrap();
        for name in ["in/deep/x", "w/t/x", "w/stays/x", "in/leaves/../in/x"] {
            assert!(rule.check(&setup.at(name), Access::Read).is_ok(), "{name}");
        }
        for name in [
            "out/x",
            "in/leaves/x",
            "in/../out",
            "w/dangling",
            "w/dangling/x",
            "w/spotql.sqlite3",
            "w/spotql.sqlite3-wal",
            "w/_spotql_locks/x",
        ] {
            assert!(rule.check(&setup.at(name), Access::Read).is_err(), "{name}");
        }
        assert!(rule.check(&setup.at("w/stays/x"), Access::Write).is_err());
        // What is there cannot be told from what is not.
        let said = |path: &str| {
            let error = rule.check(Path::new(path), Access::Read).unwrap_err();
            error.to_string().replace(path, "PATH")
        };
        assert_eq!(said("/etc/passwd"), said("/etc/no/such/file"));
        assert_eq!(said("/etc/passwd"), said("/etc/passwd/x"));
    }

    #[test]
    fn an_allowed_folder_must_be_one() {
        let setup = setup();
        std::fs::write(setup.at("file"), b"x").unwrap();
        for name in ["missing:ro", "file"] {
            let allowed = format!("{}/{name}", setup.folder.path().display());
            let allowed = [allowed.parse().unwrap()];
            assert!(PathRule::new(&setup.warehouse, &allowed, false).is_err());
        }
        assert!(":ro".parse::<AllowedPath>().is_err());
        let with_colon: AllowedPath = "/a:b".parse().unwrap();
        assert_eq!(with_colon.folder, Path::new("/a:b"));
    }
}
