//! The report, in Markdown.

use std::fmt;
use std::path::PathBuf;

use super::configurations::Configuration;
use super::figures::{Figures, mean};
use super::sets::Group;
use super::sources::{CAPTURES, RECORDS};
use super::{Measured, Measurement};
use crate::kind::Kind;

pub(super) struct Report {
    command: String,
    pub(super) configurations: Vec<Configuration>,
    seeds: u64,
    pub(super) sets: Vec<Measured>,
    /// Names of sets, and the file that each wants.
    pub(super) skipped: Vec<(String, PathBuf)>,
}

impl Report {
    pub(super) fn new(command: String, configurations: Vec<Configuration>, seeds: u64) -> Self {
        Self {
            command,
            configurations,
            seeds,
            sets: Vec::new(),
            skipped: Vec::new(),
        }
    }
}

/// Figures of records, or of leads.
type Pick = fn(&Measurement) -> &Figures;
const RECORDS_OF: Pick = |one| &one.records;
const LEADS_OF: Pick = |one| &one.leads;

/// A line of progress.
pub(super) fn in_short(name: &str, measurement: &Measurement) -> String {
    format!(
        "{name}: records {}; leads {}; {:.2} s",
        cells(&measurement.records).join(", "),
        cells(&measurement.leads).join(", "),
        measurement.seconds
    )
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head(f)?;
        self.means(f)?;
        let counts = |set: &Measured| vec![set.records.to_string(), set.attacks.to_string()];
        self.by_set(f, "Records", counts, RECORDS_OF)?;
        self.by_set(f, "Leads", |set| self.lead_counts(set), LEADS_OF)?;
        self.overlaps(f)?;
        self.made_of(f)
    }
}

impl Report {
    fn head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# What detection finds

Written by

    target/release/{}

(`README.md` beside this has the options). Every set of records below was scored by every
configuration; what was measured is how far in front the attacks stand when the lowest score comes
first. Nothing was left out: losses are in the tables as they are.

## How to read it

- **50**, **300**, **1 %**: attacks among so many first records, and in brackets as percent of the
  possible (all attacks, or all that is looked at). Records with equal scores have no order: of a
  group that is cut, its share counts.
- **area**: that under the ROC curve, which is the probability that an attack stands before a record that is
  none, equals half. 0.5 is chance. It says how the whole day is ordered; an analyst sees the top.
- **leads**: records with the same documents and words say the same to an analyst and stand
  together as one lead. Its score is the lowest of its records; it is an attack if more than half of its
  labelled records are. A thousand records of one flood are one lead or a few, so leads tell whether different
  attacks are found.
- **overlap**: of the first 300 records (equals in the order of the set) what two seeds have in
  common, as mean and least over all pairs of seeds.
- **seconds**: the median of one scoring, training included, from a Parquet table.
- Figures are means over seeds 1 to {}; what has no model has no seeds. A record without a
  score ranks last. Records whose label is unsure are trained on and scored, and left out of the figures.

## Configurations

| name | what |
|---|---|",
            self.command, self.seeds
        )?;
        for configuration in &self.configurations {
            writeln!(
                f,
                "| {} | {} |",
                configuration.name,
                configuration.description()
            )?;
        }
        writeln!(
            f,
            "
## How the sets were made

Four groups, which say more or less about real attacks:

- **capture**: a labelled capture as it is. Attacks are often most of it, so that what is rare is
  normal: hardly what the method is for.
- **mixed**: real normal traffic and real attacks that were recorded elsewhere. Most of these attacks have
  addresses that occur nowhere else, unless the set's name says that a host of the normal traffic has them; often
  the normal traffic of the attacks' own capture comes along (see the parts).
- **semi-real**: a synthetic day without its planted attacks, and real attacks, likewise.
- **synthetic**: a synthetic day with its planted attacks. Counts least: both come from the same program.

The label `unknown` counts as normal (WRCCDC, the Spot demo: some of it may be attacks), `outlier` as unsure. A
sample is the first records by the MD5 of their number. The hour of moved DNS attacks is that of the
normal traffic, so that time alone does not give them away. The domains of malware are real ones
(maltrail), the answers about them are made up: no such name, one moment, a usual length. There is
no labelled proxy traffic at hand: its sets are synthetic only. Synthetic days are
`synthetic_…({RECORDS}, seed, '2016-07-08')`, attacks what `synthetic_…_truth` lists; normal is
`label = 0`. The last table has the parts of every set. Files of the sources:
"
        )?;
        for capture in &CAPTURES {
            writeln!(f, "- `{}`: {}", capture.name, capture.records)?;
        }
        if !self.skipped.is_empty() {
            writeln!(f, "\nSets that were skipped, for want of a file:\n")?;
        }
        for (set, file) in &self.skipped {
            writeln!(f, "- {set}: {}", file.display())?;
        }
        Ok(())
    }

    /// The means of all sets of a kind, and of each group of them.
    fn means(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "
## Means

Over the sets of a kind and a group, every set the same weight: percent of the possible, area, overlap of two seeds and
seconds.

| sets | configuration | records: 50 | 300 | 1 % | area | leads: 50 | 300 | 1 % | area | overlap | least | seconds |
|---|---|---|---|---|---|---|---|---|---|---|---|---|"
        )?;
        for kind in [Kind::Flow, Kind::Dns, Kind::Proxy] {
            let of_kind = self.sets.iter().filter(|one| one.set.kind == kind);
            let of_kind: Vec<&Measured> = of_kind.collect();
            let groups: Vec<(Group, Vec<&Measured>)> = Group::ALL
                .into_iter()
                .map(|group| {
                    let of_group = of_kind.iter().filter(|one| one.set.group == group);
                    (group, of_group.copied().collect())
                })
                .filter(|(_, sets): &(_, Vec<_>)| !sets.is_empty())
                .collect();
            // Where there is one group only, it is all.
            if groups.len() > 1 {
                self.mean_lines(f, &format!("**{}, all**", kind.name()), &of_kind)?;
            }
            for (group, sets) in groups {
                self.mean_lines(f, &format!("{}, {group}", kind.name()), &sets)?;
            }
        }
        Ok(())
    }

    fn mean_lines(
        &self,
        f: &mut fmt::Formatter<'_>,
        name: &str,
        sets: &[&Measured],
    ) -> fmt::Result {
        for (number, configuration) in self.configurations.iter().enumerate() {
            let results: Vec<&Measurement> = sets.iter().map(|set| &set.results[number]).collect();
            let over = |figure: &dyn Fn(&Measurement) -> Option<f64>| {
                let values: Vec<f64> = results.iter().filter_map(|one| figure(one)).collect();
                mean(&values)
            };
            let mut line = vec![
                format!("{name} ({})", sets.len()),
                configuration.name.clone(),
            ];
            for figures in [RECORDS_OF, LEADS_OF] {
                for cut in 0..3 {
                    line.push(or_dash(over(&|one| figures(one).percent(cut)), 1));
                }
                line.push(or_dash(over(&|one| figures(one).area), 3));
            }
            line.push(or_dash(over(&|one| Some(100.0 * one.overlap?.mean)), 0));
            line.push(or_dash(over(&|one| Some(100.0 * one.overlap?.least)), 0));
            line.push(or_dash(over(&|one| Some(one.seconds)), 2));
            row(f, &line)?;
        }
        Ok(())
    }

    /// A line a set, four columns a configuration.
    fn by_set(
        &self,
        f: &mut fmt::Formatter<'_>,
        title: &str,
        counts: impl Fn(&Measured) -> Vec<String>,
        figures: Pick,
    ) -> fmt::Result {
        writeln!(f, "\n## {title}\n")?;
        let names = ["set".to_owned(), title.to_lowercase(), "attacks".to_owned()];
        let columns = self.configurations.iter().flat_map(|configuration| {
            let first = format!("{}: 50", configuration.name);
            [first, "300".to_owned(), "1 %".to_owned(), "area".to_owned()]
        });
        header(f, &names.into_iter().chain(columns).collect::<Vec<_>>())?;
        for set in &self.sets {
            let mut line = vec![set.set.name.clone()];
            line.extend(counts(set));
            line.extend(set.results.iter().flat_map(|one| cells(figures(one))));
            row(f, &line)?;
        }
        Ok(())
    }

    /// How many leads there are, and how many of them attacks: once for all words that make leads.
    fn lead_counts(&self, set: &Measured) -> Vec<String> {
        let mut names = Vec::new();
        let mut counts = Vec::new();
        let mut attacks = Vec::new();
        for (configuration, one) in self.configurations.iter().zip(&set.results) {
            if !names.contains(&configuration.leads.name()) {
                names.push(configuration.leads.name());
                counts.push(one.lead_count.to_string());
                attacks.push(one.lead_attacks.to_string());
            }
        }
        vec![counts.join(" / "), attacks.join(" / ")]
    }

    fn overlaps(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n## Overlap of seeds, and seconds\n\nMean and least overlap in percent, and seconds.\n"
        )?;
        let columns = self.configurations.iter().flat_map(|configuration| {
            let first = format!("{}: overlap", configuration.name);
            [first, "least".to_owned(), "seconds".to_owned()]
        });
        let columns: Vec<String> = ["set".to_owned()].into_iter().chain(columns).collect();
        header(f, &columns)?;
        for set in &self.sets {
            let mut line = vec![set.set.name.clone()];
            for one in &set.results {
                line.push(or_dash(one.overlap.map(|overlap| 100.0 * overlap.mean), 0));
                line.push(or_dash(one.overlap.map(|overlap| 100.0 * overlap.least), 0));
                line.push(format!("{:.2}", one.seconds));
            }
            row(f, &line)?;
        }
        Ok(())
    }

    fn made_of(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n## The parts of the sets\n")?;
        header(f, &["set", "kind", "group", "parts"].map(str::to_owned))?;
        for Measured { set, .. } in &self.sets {
            let kind = set.kind.name().to_owned();
            row(
                f,
                &[set.name.clone(), kind, set.group.to_string(), set.made_of()],
            )?;
        }
        Ok(())
    }
}

/// Three cuts and the area.
fn cells(figures: &Figures) -> [String; 4] {
    let cut = |cut: usize| {
        let hits = figures.hits[cut];
        let digits = usize::from((hits - hits.round()).abs() >= 0.05);
        match figures.percent(cut) {
            Some(percent) => format!("{hits:.digits$} ({percent:.0})"),
            None => "–".to_owned(),
        }
    };
    [cut(0), cut(1), cut(2), or_dash(figures.area, 3)]
}

fn or_dash(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
}

fn header(f: &mut fmt::Formatter<'_>, names: &[String]) -> fmt::Result {
    row(f, names)?;
    writeln!(f, "|{}", "---|".repeat(names.len()))
}

fn row(f: &mut fmt::Formatter<'_>, cells: &[String]) -> fmt::Result {
    writeln!(f, "| {} |", cells.join(" | "))
}
