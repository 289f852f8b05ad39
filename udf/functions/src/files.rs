//! Which files functions and settings may read.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a path may not be read: a sentence that names it.
pub type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// Says whether a path may be read, and which path to open in its place.
type Check = dyn Fn(&Path) -> Result<PathBuf, Refusal> + Send + Sync;

/// The rule of paths, lent by whoever knows it. Without one everything may be read that the operating system lets this
/// process read.
#[derive(Clone, Default)]
pub struct FileAccess(Option<Arc<Check>>);

impl FileAccess {
    /// A rule.
    pub fn new(check: impl Fn(&Path) -> Result<PathBuf, Refusal> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(check)))
    }

    /// The path to open for this one.
    ///
    /// # Errors
    /// The rule's, if it may not be read.
    pub fn check(&self, path: &Path) -> Result<PathBuf, Refusal> {
        match &self.0 {
            Some(check) => check(path),
            None => Ok(path.to_owned()),
        }
    }
}

impl fmt::Debug for FileAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Some(_) => "FileAccess(by a rule)",
            None => "FileAccess(all)",
        })
    }
}
