//! Where databases, tables and partitions lie.
//!
//! A location is an absolute path in the object store (today always the local file system). The metastore keeps it
//! relative to the warehouse's folder when it lies inside, so that the folder can be moved; otherwise absolute. It
//! refuses `..`, empty segments, and stores other than `file:`.

use std::collections::BTreeSet;
use std::fmt;

use object_store::path::Path;
use url::Url;

use crate::error::{Error, Result};

/// An absolute place in the store, without a trailing slash. Displays as a `file://` URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    path: Path,
}

impl Location {
    /// Wraps a path of the store.
    pub(crate) fn from_path(path: Path) -> Self {
        Self { path }
    }

    /// The location of a folder of this machine that exists; links are resolved.
    pub(crate) fn of_folder(folder: &std::path::Path) -> Result<Self> {
        let path = Path::from_filesystem_path(folder).map_err(|error| Error::InvalidLocation {
            location: folder.display().to_string(),
            reason: error.to_string(),
        })?;
        Ok(Self { path })
    }

    /// Reads a LOCATION: a `file:` URL, an absolute path, or a path relative to `base`.
    ///
    /// # Errors
    /// [`Error::InvalidLocation`] for another store's URL and for paths with `..` or empty segments.
    pub fn parse(text: &str, base: &Location) -> Result<Self> {
        let invalid = |reason: String| Error::InvalidLocation {
            location: text.to_string(),
            reason,
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(invalid("it is empty".into()));
        }
        if let Some((scheme, _)) = text.split_once(":/")
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        {
            if !scheme.eq_ignore_ascii_case("file") {
                return Err(invalid(
                    "only file: locations and plain paths are supported".into(),
                ));
            }
            let url = Url::parse(text).map_err(|error| invalid(error.to_string()))?;
            let path = url.to_file_path().map_err(|()| {
                invalid("a file: URL must name an absolute path of this machine".into())
            })?;
            let path = path
                .to_str()
                .ok_or_else(|| invalid("it is not UTF-8".into()))?;
            return Self::absolute(path).map_err(|error| invalid(error.to_string()));
        }
        let parsed = if text.starts_with('/') {
            Self::absolute(text)
        } else {
            base.join(text.trim_end_matches('/'))
        };
        parsed.map_err(|error| invalid(error.to_string()))
    }

    fn absolute(path: &str) -> std::result::Result<Self, object_store::path::Error> {
        Path::parse(path).map(Self::from_path)
    }

    /// The place `relative` below this one; the text is taken as it is, nothing is escaped.
    pub(crate) fn join(
        &self,
        relative: &str,
    ) -> std::result::Result<Self, object_store::path::Error> {
        if relative.is_empty() {
            return Ok(self.clone());
        }
        Path::parse(format!("{}/{relative}", self.path)).map(Self::from_path)
    }

    /// The path in the object store.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What of `path` lies below this location, without a leading slash; `None` if it does not lie below it.
    pub(crate) fn relative<'a>(&self, path: &'a Path) -> Option<&'a str> {
        let below = path.as_ref().strip_prefix(self.path.as_ref())?;
        if below.is_empty() || self.path.is_root() {
            Some(below)
        } else {
            below.strip_prefix('/')
        }
    }

    /// Whether this lies strictly below `other`.
    pub(crate) fn is_below(&self, other: &Location) -> bool {
        other
            .relative(&self.path)
            .is_some_and(|below| !below.is_empty())
    }

    /// How the metastore of the warehouse at `root` keeps this location.
    pub(crate) fn to_stored(&self, root: &Location) -> String {
        match root.relative(&self.path) {
            Some(below) => below.to_string(),
            None => format!("/{}", self.path),
        }
    }

    /// Reads what [`Self::to_stored`] wrote.
    pub(crate) fn from_stored(text: &str, root: &Location) -> Result<Self> {
        let parsed = if text.starts_with('/') {
            Self::absolute(text)
        } else {
            root.join(text)
        };
        parsed.map_err(|error| Error::Corrupt {
            what: format!("location '{text}': {error}"),
        })
    }
}

/// Those of many places that lie at or below one, so that each listing carries only what concerns it.
pub(crate) fn below(places: &BTreeSet<Location>, place: &Location) -> BTreeSet<Location> {
    let inside = |other: &&Location| *other == place || other.is_below(place);
    // Names are sorted, but `a-b` comes between `a` and `a/b`: only the text's prefix bounds the range.
    places
        .range(place..)
        .take_while(|other| other.path.as_ref().starts_with(place.path.as_ref()))
        .filter(inside)
        .cloned()
        .collect()
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Url::from_file_path(format!("/{}", self.path)) {
            Ok(url) => f.write_str(url.as_str()),
            Err(()) => write!(f, "file:///{}", self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Location {
        Location::from_path(Path::parse(path).unwrap())
    }

    #[test]
    fn urls_absolute_and_relative_paths_are_read() {
        let base = at("/data/wh");
        assert_eq!(
            Location::parse("flow/hive", &base).unwrap(),
            at("/data/wh/flow/hive")
        );
        assert_eq!(Location::parse("/x/y/", &base).unwrap(), at("/x/y"));
        assert_eq!(
            Location::parse("file:///x/a%20b", &base).unwrap(),
            at("/x/a b")
        );
        assert_eq!(Location::parse("file:/x", &base).unwrap(), at("/x"));
        assert_eq!(
            Location::parse("h=00%3A00", &base).unwrap(),
            at("/data/wh/h=00%3A00")
        );
    }

    #[test]
    fn other_stores_and_parent_segments_are_rejected() {
        let base = at("/data/wh");
        for text in ["hdfs://nn/x", "s3a://b/k", "../x", "/a/../b", "", "a//b"] {
            let error = Location::parse(text, &base).unwrap_err().to_string();
            assert!(error.contains(&format!("'{text}'")), "{error}");
        }
    }

    #[test]
    fn places_inside_the_warehouse_are_kept_relative_so_that_it_can_move() {
        let (old, new) = (at("/data/wh"), at("/elsewhere"));
        let inside = at("/data/wh/t").to_stored(&old);
        assert_eq!(inside, "t");
        assert_eq!(
            Location::from_stored(&inside, &new).unwrap(),
            at("/elsewhere/t")
        );
        let outside = at("/data/wh2/t").to_stored(&old);
        assert_eq!(
            Location::from_stored(&outside, &new).unwrap(),
            at("/data/wh2/t")
        );
    }

    #[test]
    fn places_below_are_found_among_many() {
        let places = BTreeSet::from(["/a", "/a-b", "/a/b", "/a/b/c", "/b"].map(at));
        assert_eq!(
            below(&places, &at("/a")),
            BTreeSet::from(["/a", "/a/b", "/a/b/c"].map(at))
        );
    }

    #[test]
    fn below_means_whole_segments() {
        assert!(at("/a/b/c").is_below(&at("/a/b")));
        assert!(!at("/a/bc").is_below(&at("/a/b")));
        assert!(!at("/a/b").is_below(&at("/a/b")));
    }
}
