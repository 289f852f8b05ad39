//! The program as it is called: what its exit codes say. (Cargo builds a program for its integration tests; the clients'
//! tests and the docs' commands run the same one.)

#![cfg(test)]

use std::path::Path;
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

/// The output of the program in this folder, which must succeed; what it says beside it comes second.
fn in_folder(folder: &Path, arguments: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_spotql"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    (stdout, stderr)
}

const SMALL: [&str; 7] = [
    "demo", "--flows", "20000", "--dns", "20000", "--proxy", "20000",
];

#[test]
fn the_demo_tells_what_it_found_and_what_it_missed() {
    let folder = tempfile::tempdir().unwrap();
    let (said, beside) = in_folder(folder.path(), &SMALL);
    // Nothing of the work shows where no terminal is.
    assert_eq!(beside, "");
    assert!(said.starts_with("SpotQL demo: a synthetic day"), "{said}");
    let query = |sql: &str| {
        let arguments = [
            "sql",
            "--warehouse",
            "demo-warehouse",
            "--format",
            "plain",
            sql,
        ];
        in_folder(folder.path(), &arguments).0.trim_end().to_owned()
    };
    let sections: Vec<&str> = said.split("The first of 300 leads:").collect();
    assert_eq!(sections.len(), 4, "{said}");
    let (mut all_found, mut all_planted) = (0, 0);
    for (table, section) in ["flow", "dns", "proxy"].into_iter().zip(&sections[1..]) {
        let rows: Vec<&str> = section
            .lines()
            .skip_while(|line| !line.starts_with("----"))
            .filter(|line| line.contains(" -> "))
            .collect();
        assert_eq!(rows.len(), 5, "{section}");
        // The lead's own client, at its rank.
        let client = match table {
            "flow" => "srcip",
            "dns" => "ip_dst",
            _ => "clientip",
        };
        let first = query(&format!(
            "SELECT {client} FROM demo.{table}_leads WHERE rank = 1"
        ));
        let expected = format!("   1  {first} -> ");
        assert!(rows[0].starts_with(&expected), "{expected}\n{section}");

        // Every planted attack is either with its first lead or among those that were missed.
        let attacks = query(&format!("SELECT DISTINCT attack FROM demo.{table}_planted"));
        let outcome = section.split("planted attacks are").nth(1).unwrap();
        let (found, missed) = outcome.split_once("Missed: ").unwrap_or((outcome, ""));
        let missed = missed.split_whitespace().collect::<Vec<_>>().join(" ");
        let found_count = attacks.lines().filter(|it| found.contains(*it)).count();
        let missed_count = attacks
            .lines()
            .filter(|it| !found.contains(*it) && missed.contains(*it))
            .count();
        let planted = attacks.lines().count();
        assert_eq!(found_count + missed_count, planted, "{section}");
        let expected = format!("{found_count} of {planted} planted attacks are among");
        assert!(section.contains(&expected), "{expected}\n{section}");
        all_found += found_count;
        all_planted += planted;
    }
    assert!(all_found > 0, "{said}");
    let expected = format!("{all_found} of {all_planted} planted attacks are among the leads.");
    assert!(said.contains(&expected), "{expected}\n{said}");

    // What it says to try next works, but for the server, which would stay.
    let (report, next) = said.split_once("Try next:\n").unwrap();
    assert!(
        report.lines().all(|line| line.chars().count() <= 110),
        "{report}"
    );
    let (serve, others): (Vec<&str>, Vec<&str>) =
        next.lines().partition(|line| line.contains(" serve "));
    assert_eq!((serve.len(), others.len()), (1, 2), "{next}");
    for command in others {
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(&folder)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {stderr}");
        assert!(!output.stdout.is_empty(), "{command}");
    }
}

#[test]
fn the_demo_shows_every_statement_if_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let arguments: Vec<&str> = SMALL.into_iter().chain(["--verbose"]).collect();
    let (said, beside) = in_folder(folder.path(), &arguments);
    for table in ["flow", "dns", "proxy"] {
        for statement in [
            format!("table demo.{table}_scores created"),
            format!("300 rows written to demo.{table}_leads"),
        ] {
            assert!(beside.contains(&statement), "{statement}\n{beside}");
        }
    }
    for column in ["log10_p", "in_first_300", "usually: "] {
        let times = said.matches(column).count();
        assert!(times >= 3, "{column}: {times}\n{said}");
    }
}
