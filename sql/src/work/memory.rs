//! Memory: how much there is, how much a statement holds, and what happens when the process holds too much.
//!
//! Operators account for what they keep in DataFusion's memory pool, and spill or fail at its limit. What is not accounted
//! for (single batches, plans, decoders) is seen in the resident memory of the process alone. Beyond its limit nothing new
//! begins, and the statement that holds the most of the pool is stopped.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::resources_datafusion_err;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, human_readable_size,
};

/// The pool as one statement sees it: all statements' pool, and at most a share of it.
#[derive(Debug)]
pub(super) struct StatementPool {
    shared: Arc<dyn MemoryPool>,
    limit: usize,
    used: AtomicUsize,
}

impl StatementPool {
    pub(super) fn new(shared: Arc<dyn MemoryPool>, limit: usize) -> Self {
        Self {
            shared,
            limit,
            used: AtomicUsize::new(0),
        }
    }

    /// Bytes that the statement has reserved.
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

impl std::fmt::Display for StatementPool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a statement's share of {}", self.shared.name())
    }
}

impl MemoryPool for StatementPool {
    fn name(&self) -> &str {
        "statement"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.shared.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.shared.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.shared.grow(reservation, additional);
        self.used.fetch_add(additional, Ordering::Relaxed);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.shared.shrink(reservation, shrink);
        self.used.fetch_sub(shrink, Ordering::Relaxed);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let used = self.used();
        if used.saturating_add(additional) > self.limit {
            return Err(resources_datafusion_err!(
                "{} needs {} more and the statement holds {} already, of {} that one statement may have (three quarters of \
                 --memory)",
                reservation.consumer().name(),
                human_readable_size(additional),
                human_readable_size(used),
                human_readable_size(self.limit)
            ));
        }
        self.shared.try_grow(reservation, additional)?;
        self.used.fetch_add(additional, Ordering::Relaxed);
        Ok(())
    }

    fn reserved(&self) -> usize {
        self.shared.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.limit)
    }
}

/// The memory that the process may use, in bytes: the machine's, or its container's if that has less (Linux).
pub(crate) fn available() -> Option<usize> {
    let machine = machine()?;
    Some(container().map_or(machine, |container| container.min(machine)))
}

fn machine() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The least limit of the control groups that the process is in (cgroup v2, else v1).
fn container() -> Option<usize> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    limit_below(Path::new("/sys/fs/cgroup"), &groups)
}

/// The same, of the control groups below `root` that `/proc/self/cgroup` lists.
fn limit_below(root: &Path, groups: &str) -> Option<usize> {
    let limits = groups.lines().flat_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let controllers = parts.next().unwrap_or_default();
        let path = parts.next().unwrap_or_default().trim_start_matches('/');
        let (root, file) = match controllers {
            "" => (root.to_owned(), "memory.max"),
            _ if controllers.split(',').any(|it| it == "memory") => {
                (root.join("memory"), "memory.limit_in_bytes")
            }
            _ => return Vec::new(),
        };
        // A container often sees its own group as the root.
        let group = root.join(path);
        let groups = group.ancestors().take_while(|it| it.starts_with(&root));
        groups
            .filter_map(|group| std::fs::read_to_string(group.join(file)).ok())
            .filter_map(|text| text.trim().parse::<usize>().ok())
            .collect()
    });
    limits.min()
}

/// The resident memory of the process in bytes (Linux).
pub(super) fn resident() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = text.split_whitespace().nth(1)?.parse().ok()?;
    pages.checked_mul(page_size())
}

#[cfg(target_os = "linux")]
fn page_size() -> usize {
    rustix::param::page_size()
}

#[cfg(not(target_os = "linux"))]
fn page_size() -> usize {
    4096
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::execution::memory_pool::GreedyMemoryPool;

    #[test]
    fn a_container_has_the_least_limit_on_its_way_up() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("pod/box");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::write(inner.join("memory.max"), "max\n").unwrap();
        std::fs::write(folder.path().join("pod/memory.max"), "1073741824\n").unwrap();
        assert_eq!(limit_below(folder.path(), "0::/pod/box\n"), Some(1 << 30));
        assert_eq!(limit_below(folder.path(), "0::/elsewhere\n"), None);

        let first = folder.path().join("memory/docker");
        std::fs::create_dir_all(&first).unwrap();
        std::fs::write(first.join("memory.limit_in_bytes"), "536870912\n").unwrap();
        let groups = "5:cpu,cpuacct:/docker\n4:memory:/docker\n";
        assert_eq!(limit_below(folder.path(), groups), Some(512 << 20));
    }

    #[test]
    fn a_statement_has_its_share_and_gives_it_back() {
        let shared: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(1000));
        let pool = Arc::new(StatementPool::new(Arc::clone(&shared), 700));
        let as_pool: Arc<dyn MemoryPool> = Arc::clone(&pool) as _;
        let held = MemoryConsumer::new("a").register(&as_pool);
        held.try_grow(600).unwrap();
        let error = held.try_grow(200).unwrap_err().to_string();
        assert!(error.contains("700"), "{error}");
        assert_eq!((pool.used(), shared.reserved()), (600, 600));
        drop(held);
        assert_eq!((pool.used(), shared.reserved()), (0, 0));
    }
}
