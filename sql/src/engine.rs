//! The engine: the one place that puts catalog, functions and planner together.
//!
//! An [`Engine`] serves one warehouse and is shared; each client has a [`crate::Session`] of its
//! own, with its current database, settings and variables.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::catalog::{CatalogProviderList, MemoryCatalogProviderList};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionState;
use datafusion::prelude::SessionConfig;
use spotql_catalog::{Access, AllowedPath, HiveCatalog, Warehouse, WarehouseOptions};
use spotql_functions::files::FileAccess;
use spotql_functions::register;
use spotql_functions::settings::SpotqlOptions;

use crate::erased::Erased;
use crate::error::Result;
use crate::network::Network;
use crate::rules::{MicrosecondTypes, analyzer_rules, physical_rules};
use crate::sources::SourceCache;

/// The name of the one catalog; databases are its schemas.
pub const CATALOG: &str = "spotql";
/// The database a session starts in.
pub const DEFAULT_DATABASE: &str = "default";

/// What an engine is opened with.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// The warehouse's folder; created if it does not exist.
    pub warehouse: PathBuf,
    /// Threads of a query; by default as many as there are cores.
    pub threads: Option<usize>,
    /// Memory for all queries together, in bytes; by default three quarters of the machine's.
    pub memory: Option<usize>,
    /// The way to reputation services; without it their verdicts are *unverified*.
    pub network: Option<Arc<dyn Network>>,
    /// Folders outside the warehouse that statements may write, or, where they are served, read; see
    /// [`crate::PathRule`].
    pub allowed: Vec<AllowedPath>,
    /// Whether statements come from clients of a server.
    pub served: bool,
}

impl EngineOptions {
    /// Defaults for the warehouse in this folder.
    pub fn new(warehouse: impl Into<PathBuf>) -> Self {
        Self {
            warehouse: warehouse.into(),
            threads: None,
            memory: None,
            network: None,
            allowed: Vec::new(),
            served: false,
        }
    }
}

/// A warehouse with everything needed to run statements on it.
#[derive(Debug)]
pub struct Engine {
    warehouse: Arc<Warehouse>,
    base: Erased<SessionState>,
    sources: SourceCache,
    network: Option<Arc<dyn Network>>,
}

impl Engine {
    /// Opens a warehouse, and creates it if the folder is empty or absent.
    ///
    /// # Errors
    /// When the folder cannot be used, or was written by a newer program.
    pub async fn open(options: EngineOptions) -> Result<Arc<Self>> {
        let settings = WarehouseOptions {
            allowed: options.allowed,
            served: options.served,
            ..WarehouseOptions::default()
        };
        let warehouse = Warehouse::open_with(&options.warehouse, settings).await?;
        let ruled = Arc::clone(&warehouse);
        let access = FileAccess::new(move |path| Ok(ruled.paths().check(path, Access::Read)?));
        let mut config = SessionConfig::new()
            .with_create_default_catalog_and_schema(false)
            .with_default_catalog_and_schema(CATALOG, DEFAULT_DATABASE)
            .with_information_schema(true)
            .with_option_extension(SpotqlOptions::default().with_access(&access));
        if let Some(threads) = options.threads {
            config = config.with_target_partitions(threads.max(1));
        }
        let catalogs = MemoryCatalogProviderList::new();
        catalogs.register_catalog(
            CATALOG.to_owned(),
            Arc::new(HiveCatalog::new(Arc::clone(&warehouse))),
        );
        let builder = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(runtime(options.memory)?)
            .with_catalog_list(Arc::new(catalogs))
            .with_default_features()
            .with_type_planner(Arc::new(MicrosecondTypes))
            .with_analyzer_rules(analyzer_rules())
            .with_physical_optimizer_rules(physical_rules());
        let base = register(builder).build();
        base.runtime_env().register_object_store(
            warehouse.object_store_url().as_ref(),
            warehouse.object_store(),
        );
        Ok(Arc::new(Self {
            warehouse,
            base: Erased::new(base),
            sources: SourceCache::default(),
            network: options.network,
        }))
    }

    /// The state that a new session starts from.
    pub(crate) fn base(&self) -> &SessionState {
        &self.base
    }

    pub(crate) fn sources(&self) -> &SourceCache {
        &self.sources
    }

    pub(crate) fn network(&self) -> Option<&Arc<dyn Network>> {
        self.network.as_ref()
    }

    /// The warehouse.
    #[must_use]
    pub fn warehouse(&self) -> &Arc<Warehouse> {
        &self.warehouse
    }

    /// Memory taken by all queries at this moment, in bytes.
    #[must_use]
    pub fn memory_used(&self) -> usize {
        self.base.runtime_env().memory_pool.reserved()
    }
}

fn runtime(memory: Option<usize>) -> Result<Arc<RuntimeEnv>> {
    let limit = memory
        .or_else(|| Some(machine_memory()? / 4 * 3))
        .unwrap_or(4 << 30);
    // The pool shares fairly among operators that can spill, and names the largest in its errors.
    let pool = TrackConsumersPool::new(FairSpillPool::new(limit), CONSUMERS_NAMED);
    Ok(RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .build_arc()?)
}

/// How many of the largest memory users an error names.
const CONSUMERS_NAMED: std::num::NonZeroUsize = match std::num::NonZeroUsize::new(3) {
    Some(three) => three,
    None => std::num::NonZeroUsize::MIN,
};

/// The machine's memory in bytes, where the system says so (Linux).
fn machine_memory() -> Option<usize> {
    let text = std::fs::read_to_string(Path::new("/proc/meminfo")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(
        line.trim()
            .strip_suffix("kB")?
            .trim()
            .parse::<usize>()
            .ok()?
            * 1024,
    )
}
