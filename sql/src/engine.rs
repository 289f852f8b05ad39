//! The engine: the one place that puts catalog, functions and planner together.
//!
//! An [`Engine`] serves one warehouse and is shared; each client has a [`crate::Session`] of its
//! own, with its current database, settings and variables.

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::catalog::{CatalogProviderList, MemoryCatalogProviderList};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::execution::session_state::SessionState;
use datafusion::prelude::SessionConfig;
use spotql_catalog::{Access, AllowedPath, HiveCatalog, Warehouse, WarehouseOptions};
use spotql_functions::control::Stop;
use spotql_functions::files::FileAccess;
use spotql_functions::register;
use spotql_functions::settings::SpotqlOptions;
use uuid::Uuid;

use crate::erased::Erased;
use crate::error::{Error, Result};
use crate::network::Network;
use crate::rules::{MicrosecondTypes, analyzer_rules, optimizer_rules, physical_rules};
use crate::sources::SourceCache;
use crate::work::memory::available;
use crate::work::{Concurrency, Work};

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
    /// Memory for all queries together, in bytes; by default three quarters of the machine's, or of its container's.
    pub memory: Option<usize>,
    /// What is set in each session at its beginning: names and values, as SET takes them.
    pub settings: Vec<(String, String)>,
    /// How many statements run at once, where they are served.
    pub concurrency: Concurrency,
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
            settings: Vec::new(),
            concurrency: Concurrency::default(),
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
    work: Option<Arc<Work>>,
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
        let memory = Memory::of(options.memory);
        let runtime = memory.runtime()?;
        let mut config = SessionConfig::new()
            .with_create_default_catalog_and_schema(false)
            .with_default_catalog_and_schema(CATALOG, DEFAULT_DATABASE)
            .with_information_schema(true)
            .with_option_extension(SpotqlOptions::default().with_access(&access));
        if let Some(threads) = options.threads {
            config = config.with_target_partitions(threads.max(1));
        }
        for (name, value) in &options.settings {
            let set = config.options_mut().set(&name.to_ascii_lowercase(), value);
            set.map_err(|error| Error::Setting {
                name: name.clone(),
                value: value.clone(),
                reason: Error::from(error).to_string(),
            })?;
        }
        let catalogs = MemoryCatalogProviderList::new();
        catalogs.register_catalog(
            CATALOG.to_owned(),
            Arc::new(HiveCatalog::new(Arc::clone(&warehouse))),
        );
        let builder = SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(Arc::clone(&runtime))
            .with_catalog_list(Arc::new(catalogs))
            .with_default_features()
            .with_type_planner(Arc::new(MicrosecondTypes))
            .with_analyzer_rules(analyzer_rules())
            .with_optimizer_rules(optimizer_rules())
            .with_physical_optimizer_rules(physical_rules());
        let base = register(builder).build();
        base.runtime_env().register_object_store(
            warehouse.object_store_url().as_ref(),
            warehouse.object_store(),
        );
        let work = options.served.then(|| {
            let threads = base.config().target_partitions();
            let work = Work::new(threads, options.concurrency, runtime, memory.resident);
            Arc::new(work)
        });
        Ok(Arc::new(Self {
            work,
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

    /// Whether statements come from clients of a server.
    pub(crate) fn is_served(&self) -> bool {
        self.work.is_some()
    }

    /// What keeps statements apart, where they are served.
    pub(crate) fn work(&self) -> Option<&Arc<Work>> {
        self.work.as_ref()
    }

    /// Watches over the memory of a server for as long as it is polled: beyond the limit of resident memory the largest
    /// statement is stopped.
    pub async fn guard(&self) {
        match &self.work {
            Some(work) => work.guard().await,
            None => std::future::pending().await,
        }
    }

    /// Stops a statement by its number; `false` if none of that number is under way here.
    pub fn stop(&self, id: Uuid) -> bool {
        let work = self.work.as_ref();
        work.is_some_and(|work| work.stop(id, Stop::Cancelled))
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

/// How much memory there is to use.
struct Memory {
    /// For what operators account for.
    pool: usize,
    /// For the process as a whole, in a server.
    resident: usize,
}

impl Memory {
    /// Within `given` bytes; by default within what the machine or its container has.
    fn of(given: Option<usize>) -> Self {
        let available = available();
        let pool = given
            .or_else(|| Some(available? / 4 * 3))
            .unwrap_or(DEFAULT_MEMORY);
        // The program, its lists and what is not accounted for have a quarter more, and at least this much.
        let resident = pool.saturating_add((pool / 4).max(LEAST_BESIDE));
        let most = available.map_or(usize::MAX, |available| available / 16 * 15);
        Self {
            pool,
            resident: resident.min(most),
        }
    }

    fn runtime(&self) -> Result<Arc<RuntimeEnv>> {
        // The pool shares fairly among operators that can spill, and names the largest in its errors.
        let pool = TrackConsumersPool::new(FairSpillPool::new(self.pool), CONSUMERS_NAMED);
        Ok(RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(pool))
            .build_arc()?)
    }
}

/// Where the system does not say what there is.
const DEFAULT_MEMORY: usize = 4 << 30;
/// Resident bytes beside the pool, at least.
const LEAST_BESIDE: usize = 512 << 20;

/// How many of the largest memory users an error names.
const CONSUMERS_NAMED: std::num::NonZeroUsize = match std::num::NonZeroUsize::new(3) {
    Some(three) => three,
    None => std::num::NonZeroUsize::MIN,
};
