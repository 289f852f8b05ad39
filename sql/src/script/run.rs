//! Running a script, a statement at a time, with those of the scripts that it runs in their place.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use super::{Piece, Script, run_target};
use crate::error::{Error, Result};
use crate::session::{Outcome, Session};

/// A statement of a script, about to be run.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The script's name.
    pub script: String,
    /// The line it starts at, from 1.
    pub line: usize,
    /// Which of the script's statements it is, from 1.
    pub number: usize,
    /// How many the script has.
    pub count: usize,
    /// Its text as it stands in the script.
    pub text: String,
}

impl Statement {
    /// The first words, on one line.
    #[must_use]
    pub fn beginning(&self) -> String {
        const LENGTH: usize = 60;
        let words: Vec<&str> = self.text.split_whitespace().collect();
        let line = words.join(" ");
        match line.char_indices().nth(LENGTH) {
            Some((end, _)) => format!("{} …", &line[..end]),
            None => line,
        }
    }

    /// What went wrong in it.
    #[must_use]
    pub fn failed(&self, source: Error) -> Failure {
        Failure {
            script: self.script.clone(),
            line: self.line,
            statement: self.beginning(),
            source: Box::new(source),
        }
    }
}

/// A statement of a script that failed.
#[derive(Debug, thiserror::Error)]
#[error("{script}:{line}: {source}\n  in: {statement}")]
pub struct Failure {
    /// The script.
    pub script: String,
    /// The line its statement starts at, from 1.
    pub line: usize,
    /// The beginning of the statement.
    pub statement: String,
    /// Why.
    pub source: Box<Error>,
}

/// What a statement gave.
pub enum Step {
    /// What [`Session::execute`] gives.
    Outcome(Outcome),
    /// It was RUN: the statements of this script come next.
    Entered(String),
}

/// A script that is being run.
#[derive(Debug)]
pub struct Run {
    variables: BTreeMap<String, String>,
    /// The scripts under way, the innermost last: their names and what is left of them.
    scripts: Vec<(String, VecDeque<Statement>)>,
}

impl Run {
    /// A script and the values of its variables; nothing runs yet.
    ///
    /// # Errors
    /// When a quote or comment does not close.
    pub fn new(script: &Script, variables: BTreeMap<String, String>) -> Result<Self, Failure> {
        let mut run = Self {
            variables,
            scripts: Vec::new(),
        };
        run.enter(script)?;
        Ok(run)
    }

    /// The statement that comes next; none at the end.
    pub fn next_statement(&mut self) -> Option<Statement> {
        loop {
            let (_, left) = self.scripts.last_mut()?;
            if let Some(statement) = left.pop_front() {
                return Some(statement);
            }
            self.scripts.pop();
        }
    }

    /// Runs a statement that [`Self::next_statement`] gave.
    ///
    /// # Errors
    /// When a variable has no value, a script is not there or runs itself, and as [`Session::execute`].
    pub async fn execute(
        &mut self,
        session: &Session,
        statement: &Statement,
    ) -> Result<Step, Failure> {
        let failed = |source| statement.failed(source);
        let value = |name: &str| session.variable(name);
        let text = self.substitute(statement, &value).map_err(failed)?;
        match self.enter_target(session, statement, &text)? {
            Some(script) => Ok(Step::Entered(script)),
            None => {
                let outcome = session.execute(&text).await.map_err(failed)?;
                Ok(Step::Outcome(outcome))
            }
        }
    }

    /// The statement with its variables replaced; those of the run come before what `value` knows.
    pub(crate) fn substitute(
        &self,
        statement: &Statement,
        value: &dyn Fn(&str) -> Option<String>,
    ) -> Result<String> {
        let piece = Piece {
            text: &statement.text,
            line: statement.line,
        };
        piece.substitute(&|name| self.variables.get(name).cloned().or_else(|| value(name)))
    }

    /// Goes into the script that a statement names, if it is RUN.
    pub(crate) fn enter_target(
        &mut self,
        session: &Session,
        statement: &Statement,
        text: &str,
    ) -> Result<Option<String>, Failure> {
        let failed = |source| statement.failed(source);
        let Some(target) = run_target(text).map_err(failed)? else {
            return Ok(None);
        };
        let paths = session.warehouse().paths();
        let script = Script::named(Path::new(&target), paths).map_err(failed)?;
        if self.scripts.iter().any(|(name, _)| *name == script.name) {
            return Err(failed(Error::EndlessScript { path: script.name }));
        }
        self.enter(&script)?;
        Ok(Some(script.name))
    }

    fn enter(&mut self, script: &Script) -> Result<(), Failure> {
        let pieces = script.statements().map_err(|source| Failure {
            script: script.name.clone(),
            line: 1,
            statement: "the whole script".to_owned(),
            source: Box::new(source),
        })?;
        let count = pieces.len();
        let statements = pieces.into_iter().enumerate().map(|(i, piece)| Statement {
            script: script.name.clone(),
            line: piece.line,
            number: i + 1,
            count,
            text: piece.text.to_owned(),
        });
        self.scripts
            .push((script.name.clone(), statements.collect()));
        Ok(())
    }
}
