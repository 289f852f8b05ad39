//! What the path of LOAD FILES means: a file, a folder with all that lies below it, or a pattern.
//!
//! This is the one place that turns the text of a statement into files of this machine. Every path goes through [`resolve`]
//! before anything is looked at: the given one (of a pattern, the part before the first `*`), each folder and each file that is
//! found. It asks the warehouse's rule of paths, and resolves links, so that a file has one name.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use url::Url;

use crate::error::{Error, Result};
use crate::paths::{Access, PathRule};
use crate::storage::is_hidden_name;

/// How the names of files end that a program has not finished.
const UNFINISHED: [&str; 8] = [
    ".tmp",
    ".temp",
    ".part",
    ".partial",
    ".inprogress",
    ".current",
    ".crdownload",
    "~",
];

/// The files that a path means.
#[derive(Debug, Default)]
pub(super) struct Expanded {
    /// Absolute, sorted, each once.
    pub(super) files: BTreeSet<PathBuf>,
    /// Files that lie there and are not to be loaded, and why.
    pub(super) left_out: Vec<(PathBuf, &'static str)>,
    /// Whether the path named a file itself.
    pub(super) is_file: bool,
}

/// Finds the files of a path: absolute, relative to the working directory, or a `file:` URL.
///
/// # Errors
/// [`Error::NothingToLoad`] if there is none, [`Error::PathNotAllowed`], [`Error::Io`] if a folder cannot be read.
pub(super) fn expand(text: &str, rule: &PathRule) -> Result<Expanded> {
    let given = given_path(text)?;
    let mut found = Expanded::default();
    let absent = || {
        let reason = format!(
            "there is no file or folder of this name{}",
            looked_for(text, &given)
        );
        nothing(text, reason)
    };
    match resolve(&given, rule) {
        Ok(path) if path.is_dir() => walk(&path, rule, &mut BTreeSet::new(), &mut found)?,
        Ok(path) => {
            found.is_file = true;
            found.files.insert(path);
        }
        Err(error) if is_absent(&error) && is_pattern(&given) => {
            // A pattern whose folder is not there matches nothing; one that may not be looked into is an error.
            match resolve(&before_pattern(&given), rule) {
                Ok(folder) => matching(text, &given, &folder, rule, &mut found)?,
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Err(error) if is_absent(&error) => return Err(absent()),
        Err(error) => return Err(error),
    }
    // A folder may be reached in two ways.
    found.left_out.sort();
    found.left_out.dedup();
    if found.files.is_empty() {
        let what = match found.left_out.as_slice() {
            [] if is_pattern(&given) && !given.exists() => "no file matches the pattern".to_owned(),
            [] => "the folder holds no files (names that begin with '_' or '.' do not count)"
                .to_owned(),
            [(path, why), ..] => format!(
                "none of the {} files there is one to load: '{}' {why}",
                found.left_out.len(),
                path.display()
            ),
        };
        return Err(nothing(text, format!("{what}{}", looked_for(text, &given))));
    }
    Ok(found)
}

fn is_absent(error: &Error) -> bool {
    matches!(error, Error::Io { source, .. } if source.kind() == ErrorKind::NotFound)
}

/// The path up to the first part that is a pattern.
fn before_pattern(path: &Path) -> PathBuf {
    path.components()
        .take_while(|part| !is_pattern(Path::new(part.as_os_str())))
        .collect()
}

pub(super) fn nothing(path: &str, reason: String) -> Error {
    Error::NothingToLoad {
        path: path.to_owned(),
        reason,
    }
}

/// Where a relative path was looked for.
fn looked_for(text: &str, given: &Path) -> String {
    let shown = given.display().to_string();
    if shown == text {
        String::new()
    } else {
        format!(" (looked for: '{shown}')")
    }
}

fn given_path(text: &str) -> Result<PathBuf> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(nothing(
            text,
            "the path is empty; name a file, a folder, or a pattern with * and ?".to_owned(),
        ));
    }
    let scheme = trimmed.split_once(":/").map(|(scheme, _)| scheme);
    let is_url = scheme.is_some_and(|scheme| {
        !scheme.is_empty()
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    let path = if is_url {
        Url::parse(trimmed)
            .ok()
            .filter(|url| url.scheme() == "file")
            .and_then(|url| url.to_file_path().ok())
            .ok_or_else(|| {
                let reason = "only paths of this machine and file: URLs can be loaded";
                nothing(text, reason.to_owned())
            })?
    } else {
        PathBuf::from(trimmed)
    };
    std::path::absolute(&path).map_err(|source| failed(&path, source))
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}

fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: path.display().to_string(),
        source,
    }
}

/// The one name of a file or folder that may be read.
fn resolve(path: &Path, rule: &PathRule) -> Result<PathBuf> {
    let allowed = rule.check(path, Access::Read)?;
    std::fs::canonicalize(&allowed).map_err(|source| failed(path, source))
}

/// All files of a folder and those below it. `seen`: the folders that were walked, so that links make no circles.
fn walk(
    folder: &Path,
    rule: &PathRule,
    seen: &mut BTreeSet<PathBuf>,
    found: &mut Expanded,
) -> Result<()> {
    if !seen.insert(folder.to_owned()) {
        return Ok(());
    }
    let entries = std::fs::read_dir(folder).map_err(|source| failed(folder, source))?;
    for entry in entries {
        let path = entry.map_err(|source| failed(folder, source))?.path();
        one(&path, rule, seen, found)?;
    }
    Ok(())
}

/// What was found in a folder, or by a pattern.
fn one(
    path: &Path,
    rule: &PathRule,
    seen: &mut BTreeSet<PathBuf>,
    found: &mut Expanded,
) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if is_hidden_name(&name) {
        return Ok(());
    }
    let resolved = match resolve(path, rule) {
        Ok(resolved) => resolved,
        Err(Error::PathNotAllowed { .. }) => {
            found
                .left_out
                .push((path.to_owned(), "leads to a place that may not be read"));
            return Ok(());
        }
        Err(_) => {
            found.left_out.push((path.to_owned(), "cannot be read"));
            return Ok(());
        }
    };
    let metadata = std::fs::metadata(&resolved).map_err(|source| failed(path, source))?;
    let name = name.to_lowercase();
    if metadata.is_dir() {
        walk(&resolved, rule, seen, found)?;
    } else if !metadata.is_file() {
        // Sockets and the like are no files.
    } else if UNFINISHED.iter().any(|ending| name.ends_with(ending)) {
        found
            .left_out
            .push((path.to_owned(), "is not finished, by its name"));
    } else if metadata.len() == 0 {
        found.left_out.push((path.to_owned(), "is empty"));
    } else {
        found.files.insert(resolved);
    }
    Ok(())
}

/// The files that a pattern means; `folder` is what comes before the first `*`, resolved.
fn matching(
    text: &str,
    given: &Path,
    folder: &Path,
    rule: &PathRule,
    found: &mut Expanded,
) -> Result<()> {
    let fixed = before_pattern(given);
    let rest = given.strip_prefix(&fixed).unwrap_or(given);
    let no_pattern = |why: String| nothing(text, format!("this is no pattern: {why}"));
    if rest.components().any(|part| part == Component::ParentDir) {
        let why = "'..' follows a part with * or ?";
        return Err(no_pattern(why.to_owned()));
    }
    let (Some(folder), Some(rest)) = (folder.to_str(), rest.to_str()) else {
        return Err(no_pattern("it is not UTF-8".to_owned()));
    };
    let pattern = format!("{}/{rest}", glob::Pattern::escape(folder));
    let matches = glob::glob(&pattern).map_err(|error| no_pattern(error.to_string()))?;
    let mut seen = BTreeSet::new();
    for path in matches {
        let path = path.map_err(|error| {
            let path = error.path().to_owned();
            failed(&path, error.into())
        })?;
        one(&path, rule, &mut seen, found)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local() -> PathRule {
        PathRule::new(Path::new("/"), &[], false).unwrap()
    }

    fn names(text: &str, folder: &Path) -> Vec<String> {
        let folder = folder.canonicalize().unwrap();
        let files = expand(text, &local()).unwrap().files.into_iter();
        files
            .map(|file| file.strip_prefix(&folder).unwrap().display().to_string())
            .collect()
    }

    #[test]
    fn a_file_a_folder_and_a_pattern_mean_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        for name in [
            "a.parquet",
            "y=1/m=2/b.parquet",
            "_hidden",
            ".h",
            "c.tmp",
            "y=1/_t/d",
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x").unwrap();
        }
        std::fs::write(folder.path().join("empty.parquet"), b"").unwrap();
        std::fs::create_dir(folder.path().join("nothing")).unwrap();
        let all = ["a.parquet", "y=1/m=2/b.parquet"];
        assert_eq!(names(&at(""), folder.path()), all);
        assert_eq!(names(&format!("file://{}", at("")), folder.path()), all);
        assert_eq!(names(&at("a.parquet"), folder.path()), all[..1]);
        assert_eq!(names(&at("*/*/*.parquet"), folder.path()), all[1..]);
        assert_eq!(names(&at("y=?"), folder.path()), all[1..]);
        assert_eq!(names(&at("nothing/../*.parquet"), folder.path()), all[..1]);
        assert_eq!(expand(&at(""), &local()).unwrap().left_out.len(), 2);
        for (path, part) in [
            ("nowhere", "there is no file or folder"),
            ("nothing", "the folder holds no files"),
            ("*.csv", "no file matches the pattern"),
            ("nowhere/*", "no file matches the pattern"),
            ("*/../*", "this is no pattern"),
            ("e*", "'is empty"),
        ] {
            let error = expand(&at(path), &local()).unwrap_err().to_string();
            let part = part.trim_start_matches('\'');
            assert!(error.contains(part) && error.contains(&at(path)), "{error}");
        }
        for text in ["", "s3://bucket/x"] {
            assert!(
                matches!(expand(text, &local()), Err(Error::NothingToLoad { .. })),
                "{text}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a"), b"x").unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("a"), folder.path().join("b")).unwrap();
        let text = folder.path().display().to_string();
        assert_eq!(names(&text, folder.path()), ["a"]);
    }

    #[cfg(unix)]
    #[test]
    fn clients_of_a_server_load_from_allowed_folders_and_links_lead_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().canonicalize().unwrap().join(name);
        for name in ["warehouse/w", "allowed/a", "allowed/sub/b", "other/secret"] {
            std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            std::fs::write(at(name), b"x").unwrap();
        }
        std::os::unix::fs::symlink(at("other"), at("allowed/link")).unwrap();
        let allowed = format!("{}:ro", at("allowed").display()).parse().unwrap();
        let rule = PathRule::new(&at("warehouse"), &[allowed], true).unwrap();
        let found = expand(&at("allowed").display().to_string(), &rule).unwrap();
        let files: Vec<PathBuf> = found.files.into_iter().collect();
        assert_eq!(files, [at("allowed/a"), at("allowed/sub/b")]);
        assert_eq!(found.left_out[0].0, at("allowed/link"));
        for text in [
            "other",
            "other/secret",
            "other/*",
            "*",
            "allowed/link/*",
            "nowhere",
            "nowhere/*",
        ] {
            let error = expand(&at(text).display().to_string(), &rule).unwrap_err();
            let nothing = matches!(&error, Error::NothingToLoad { .. });
            assert!(
                matches!(error, Error::PathNotAllowed { .. }) || (nothing && text.contains("link")),
                "{text}: {error}"
            );
        }
    }
}
