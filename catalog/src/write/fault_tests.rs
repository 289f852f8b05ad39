//! Every step of a write on the disk fails once, and for ever, in every way: nothing is lost, doubled or wedged.

use std::io::ErrorKind;
use std::sync::Arc;

use super::tests::{Fixture, values};
use crate::error::Result;
use crate::guarded::Step;
use crate::guarded::faults::Fault;
use crate::warehouse::{InsertMode, Warehouse};

const KINDS: [ErrorKind; 4] = [
    ErrorKind::StorageFull,
    ErrorKind::PermissionDenied,
    ErrorKind::ReadOnlyFilesystem,
    ErrorKind::Other,
];

impl Fixture {
    fn break_disk(&self, fault: Fault) {
        self.warehouse.backend.storage.faults().set(Some(fault));
    }

    /// How often it has failed.
    fn mend_disk(&self) -> usize {
        self.warehouse.backend.storage.faults().set(None)
    }

    async fn try_insert(&self, mode: InsertMode, value: i64) -> Result<()> {
        let context = datafusion::prelude::SessionContext::new().task_ctx();
        let plan = values(value).await;
        self.warehouse
            .insert(&self.table, mode, vec![], plan, context)
            .await
            .map(drop)
    }

    /// Everything that is not data: staging directories, retired files.
    fn leftovers(&self) -> Vec<String> {
        let names = self.files().into_iter();
        names.filter(|name| name.starts_with('_')).collect()
    }
}

async fn nothing_is_unfinished(warehouse: &Warehouse) {
    let left = warehouse.unfinished_writes().await.unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_fails_once_or_from_then_on_leaves_the_old_rows_or_the_new() {
    let mut cases = tokio::task::JoinSet::new();
    for kind in KINDS {
        for for_ever in [false, true] {
            for mode in [InsertMode::Into, InsertMode::Overwrite] {
                cases.spawn(every_step_fails(kind, for_ever, mode));
            }
        }
    }
    cases.join_all().await;
}

async fn every_step_fails(kind: ErrorKind, for_ever: bool, mode: InsertMode) {
    for after in 0.. {
        let fixture = Fixture::new().await;
        fixture.insert(InsertMode::Into, 1).await;
        fixture.break_disk(Fault {
            after,
            only: None,
            for_ever,
            kind,
        });
        let written = fixture.try_insert(mode, 2).await;
        let failures = fixture.mend_disk();
        let case = format!("{kind:?} at step {after}, for ever: {for_ever}, {mode:?}: {written:?}");
        let new: &[i64] = match mode {
            InsertMode::Into => &[1, 2],
            InsertMode::Overwrite => &[2],
        };
        let expected = if written.is_ok() { new } else { &[1] };
        assert_eq!(fixture.rows(&fixture.warehouse).await, expected, "{case}");
        fixture.warehouse.maintain().await;
        fixture.warehouse.maintain().await;
        assert_eq!(fixture.rows(&fixture.warehouse).await, expected, "{case}");
        assert_eq!(fixture.leftovers(), [""; 0], "{case}");
        nothing_is_unfinished(&fixture.warehouse).await;
        fixture.insert(InsertMode::Overwrite, 3).await;
        assert_eq!(fixture.rows(&fixture.warehouse).await, [3], "{case}");
        if failures == 0 {
            assert!(after > 4, "the faults were met by nobody");
            break;
        }
    }
}

const NO_RENAMES: Fault = Fault {
    after: 0,
    only: Some(Step::Rename),
    for_ever: true,
    kind: ErrorKind::PermissionDenied,
};

/// A table whose committed rows are 2, in files that cannot be moved.
async fn stuck() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.insert(InsertMode::Into, 1).await;
    fixture.break_disk(NO_RENAMES);
    fixture.try_insert(InsertMode::Overwrite, 2).await.unwrap();
    fixture
}

#[tokio::test]
async fn a_table_whose_files_cannot_be_moved_is_used_as_any_other_and_says_so() {
    let fixture = stuck().await;
    let warehouse = &fixture.warehouse;
    assert_eq!(fixture.rows(warehouse).await, [2]);
    let listed = warehouse.unfinished_writes().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].table.as_deref(), Some("default.t"));
    assert_eq!(listed[0].state, "committed");
    assert!(
        listed[0].error.as_ref().unwrap().contains("denied"),
        "{listed:?}"
    );
    for _ in 0..2 {
        warehouse.refresh(&fixture.table, None).await.unwrap();
        assert_eq!(
            fixture.rows(warehouse).await,
            [2],
            "REFRESH lost or doubled it"
        );
    }
    fixture.try_insert(InsertMode::Into, 3).await.unwrap();
    assert_eq!(fixture.rows(warehouse).await, [2, 3]);
    warehouse.refresh(&fixture.table, None).await.unwrap();
    fixture.try_insert(InsertMode::Overwrite, 4).await.unwrap();
    assert_eq!(fixture.rows(warehouse).await, [4]);
    warehouse.refresh(&fixture.table, None).await.unwrap();
    assert_eq!(fixture.rows(warehouse).await, [4]);
    fixture.mend_disk();
    warehouse.maintain().await;
    warehouse.maintain().await;
    nothing_is_unfinished(warehouse).await;
    assert_eq!(fixture.files().len(), 1, "{:?}", fixture.files());
    warehouse.refresh(&fixture.table, None).await.unwrap();
    assert_eq!(fixture.rows(warehouse).await, [4]);
}

#[tokio::test]
async fn drop_table_works_whatever_cannot_be_moved_and_the_next_of_its_name_is_empty() {
    let fixture = stuck().await;
    let warehouse = &fixture.warehouse;
    fixture.try_insert(InsertMode::Into, 3).await.unwrap();
    assert!(warehouse.drop_table("default", "t", false).await.unwrap());
    assert!(warehouse.table("default", "t").await.unwrap().is_none());
    warehouse
        .create_table(fixture.table.definition.clone(), false)
        .await
        .unwrap();
    let table = warehouse.table("default", "t").await.unwrap().unwrap();
    let again = Fixture {
        table,
        warehouse: Arc::clone(warehouse),
        folder: fixture.folder,
    };
    assert_eq!(
        again.rows(warehouse).await,
        [0; 0],
        "the dropped rows came back"
    );
    again.mend_disk();
    again.insert(InsertMode::Into, 5).await;
    warehouse.maintain().await;
    warehouse.maintain().await;
    nothing_is_unfinished(warehouse).await;
    assert_eq!(again.rows(warehouse).await, [5]);
    assert_eq!(again.files().len(), 1, "{:?}", again.files());
}

#[tokio::test]
async fn files_that_cannot_be_deleted_stop_nothing_and_are_listed() {
    let fixture = Fixture::new().await;
    fixture.insert(InsertMode::Into, 1).await;
    fixture.break_disk(Fault {
        only: Some(Step::Delete),
        ..NO_RENAMES
    });
    fixture.try_insert(InsertMode::Overwrite, 2).await.unwrap();
    let warehouse = &fixture.warehouse;
    let listed = warehouse.unfinished_writes().await.unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0].state, "deleting");
    fixture.mend_disk();
    warehouse.maintain().await;
    nothing_is_unfinished(warehouse).await;
    assert_eq!(fixture.files().len(), 1);
}

#[tokio::test]
async fn staging_directories_that_nobody_knows_go_with_the_next_write_or_the_table() {
    let fixture = Fixture::new().await;
    let left = || {
        let left = fixture.folder.path().join("t/_spotql_staging/0193");
        std::fs::create_dir_all(&left).unwrap();
        std::fs::write(left.join("0.staged#1"), b"half").unwrap();
    };
    left();
    fixture.insert(InsertMode::Into, 1).await;
    assert_eq!(fixture.leftovers(), [""; 0]);
    left();
    fixture
        .warehouse
        .drop_table("default", "t", false)
        .await
        .unwrap();
    fixture.warehouse.maintain().await;
    assert!(!fixture.folder.path().join("t").exists());
}
