//! The program as it is called: what its exit codes say. (Cargo builds a program for its integration tests; the clients'
//! tests and the docs' commands run the same one.)

#![cfg(test)]

use std::process::{Command, Output};

fn spotql(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_spotql"))
        .args(arguments)
        .current_dir(&folder)
        .output()
        .unwrap()
}

#[test]
fn a_statement_gives_rows_and_success() {
    let output = spotql(&["sql", "--format", "csv", "SELECT 1 + 1 AS two"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "two\n2\n");
}

#[test]
fn a_statement_that_fails_and_wrong_usage_are_told_apart() {
    let output = spotql(&["sql", "SELECT nothing"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("spotql: "), "{said}");
    for wrong in [["run", "no-such-script"], ["rin", "day.sql"]] {
        assert_eq!(spotql(&wrong).status.code(), Some(2), "{wrong:?}");
    }
}
