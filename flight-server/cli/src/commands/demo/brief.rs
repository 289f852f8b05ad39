//! The demo's short report: for each kind of log its first leads with their reasons, and which of the planted attacks are
//! among the leads.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Error;
use super::layout::{WIDTH, grouped, indented, quoted, shortened, widest};
use super::{DATABASE, LOGS, Log, NULL, Work, say};

/// Columns of `demo/*_summary.sql`, as texts.
struct Lead {
    rank: String,
    who: String,
    whom: String,
    how_often: String,
    first_seen: String,
    last_seen: String,
    why: String,
}

/// A planted attack: `demo/*_attacks.sql` has a row for each of its leads.
struct Attack {
    name: String,
    story: String,
    /// The ranks of the leads that hold some of it, the first lead first.
    leads: Vec<String>,
    /// A hunt that is made for such attacks.
    hunt: Option<String>,
}

/// What all logs have in common at the end.
#[derive(Default)]
struct Total {
    planted: usize,
    found: usize,
    /// Hunts for attacks that are not among the leads.
    hunts: BTreeSet<String>,
}

pub(super) async fn report(work: &Work<'_>) -> Result<(), Error> {
    let demo = work.demo;
    say(&format!(
        "SpotQL demo: a synthetic day ({}, seed {}) of one organisation, as netflow, DNS and web proxy logs.\n\
         Attacks are planted in it. Detection does not know which records are planted; the column 'planted' does.\n\
         A lead is all records of the same hosts that look alike. The least probable lead is the first.",
        demo.date, demo.seed
    ))?;
    let mut total = Total::default();
    for log in LOGS {
        total = summary(work, log, total).await?;
    }
    say(&format!(
        "\n{} of {} planted attacks are among the leads. A record is judged by what the other hosts do: attacks that\n\
         look like everyday traffic stay below. They were chosen from public descriptions before the detector ran on\n\
         them. The option --verbose shows every statement and the full lists.",
        total.found, total.planted
    ))?;
    say(&next_steps(work, &total))
}

/// Commands that go on from here.
fn next_steps(work: &Work<'_>, total: &Total) -> String {
    let program = std::env::args().next();
    let program = quoted(program.as_deref().unwrap_or("spotql"));
    let warehouse = quoted(&work.warehouse);
    let variables = format!("--var database={DATABASE} --var date={}", work.demo.date);
    let hunts = match total.hunts.is_empty() {
        true => "hunt/flow_rhythm.sql".to_owned(),
        false => Vec::from_iter(total.hunts.iter().map(String::as_str)).join(" "),
    };
    format!(
        "\nTry next:\n\
         \x20 {program} sql --warehouse {warehouse} \"SELECT * FROM {DATABASE}.flow_leads ORDER BY rank LIMIT 20\"\n\
         \x20 {program} run {hunts} --warehouse {warehouse} {variables}\n\
         \x20 {program} serve --warehouse {warehouse}"
    )
}

/// Loads and searches one kind of log, and tells what was found.
async fn summary(work: &Work<'_>, log: Log, mut total: Total) -> Result<Total, Error> {
    let took = work.detect(log).await?;
    let leads = leads(work, log).await?;
    let attacks = attacks(work, log).await?;
    let all = work.count(log.table).await?;
    let listed = work.count(&format!("{}_leads", log.table)).await?;
    say(&format!(
        "\n{}: {} {}, loaded in {:.1} s, searched in {:.1} s. The first of {listed} leads:\n",
        log.title,
        grouped(all),
        log.records,
        took.loading.as_secs_f64(),
        (took.scoring + took.leads).as_secs_f64(),
    ))?;
    say(&lead_table(&leads, &attacks))?;
    say(&format!("\n{}", outcome(&attacks, listed)))?;
    total.planted += attacks.len();
    for attack in attacks {
        match attack.leads.is_empty() {
            true => total.hunts.extend(attack.hunt),
            false => total.found += 1,
        }
    }
    Ok(total)
}

async fn leads(work: &Work<'_>, log: Log) -> Result<Vec<Lead>, Error> {
    let script = format!("demo/{}_summary.sql", log.table);
    let rows = work.texts(&script).await?;
    let leads =
        rows.into_iter().map(
            |[rank, who, whom, how_often, first_seen, last_seen, why]| Lead {
                rank,
                who,
                whom,
                how_often,
                first_seen,
                last_seen,
                why,
            },
        );
    Ok(leads.collect())
}

/// The planted attacks; those of the first leads first, and those that are in none last.
async fn attacks(work: &Work<'_>, log: Log) -> Result<Vec<Attack>, Error> {
    let script = format!("demo/{}_attacks.sql", log.table);
    let rows = work.texts(&script).await?;
    let given = |text: String| (text != NULL).then_some(text);
    let mut attacks: Vec<Attack> = Vec::new();
    for [name, story, rank, hunt] in rows {
        let known = attacks.iter_mut().find(|attack| attack.name == name);
        match known {
            Some(attack) => attack.leads.extend(given(rank)),
            None => attacks.push(Attack {
                name,
                story,
                leads: Vec::from_iter(given(rank)),
                hunt: given(hunt),
            }),
        }
    }
    // The sort is stable: attacks that were found stay in the order of their first leads.
    attacks.sort_by_key(|attack| attack.leads.is_empty());
    Ok(attacks)
}

/// The leads, a row and a reason each.
fn lead_table(leads: &[Lead], attacks: &[Attack]) -> String {
    let planted = |lead: &Lead| -> String {
        let of_lead = attacks
            .iter()
            .filter(|attack| attack.leads.contains(&lead.rank));
        let names: Vec<&str> = of_lead.map(|attack| attack.name.as_str()).collect();
        match names.is_empty() {
            true => "no".to_owned(),
            false => names.join(", "),
        }
    };
    let planted: Vec<String> = leads.iter().map(planted).collect();
    let often = leads.iter().map(|lead| lead.how_often.as_str());
    let often = widest(often.chain(["how often"]));
    let last = widest(planted.iter().map(String::as_str).chain(["planted"]));
    // The hosts have what the others leave.
    let hosts: Vec<String> = leads
        .iter()
        .map(|lead| format!("{} -> {}", lead.who, lead.whom))
        .map(|hosts| shortened(&hosts, WIDTH.saturating_sub(10 + often + last)))
        .collect();
    let middle = widest(hosts.iter().map(String::as_str).chain(["who -> whom"]));
    let line = |rank: &str, hosts: &str, how_often: &str, planted: &str| {
        format!("{rank:>4}  {hosts:<middle$}  {how_often:<often$}  {planted}")
    };
    let mut lines = vec![
        line("rank", "who -> whom", "how often", "planted"),
        line(
            "----",
            &"-".repeat(middle),
            &"-".repeat(often),
            &"-".repeat(last),
        ),
    ];
    for ((lead, hosts), planted) in leads.iter().zip(&hosts).zip(&planted) {
        lines.push(line(&lead.rank, hosts, &lead.how_often, planted));
        let when = match lead.first_seen == lead.last_seen {
            true => lead.first_seen.clone(),
            false => format!("{} to {}", lead.first_seen, lead.last_seen),
        };
        lines.push(indented(&format!("{when}: {}", lead.why), 6));
    }
    lines.join("\n")
}

/// Which attacks are among the leads, and which are not.
fn outcome(attacks: &[Attack], listed: i64) -> String {
    let (missed, found): (Vec<&Attack>, Vec<&Attack>) =
        attacks.iter().partition(|attack| attack.leads.is_empty());
    let mut lines = vec![format!(
        "{} of {} planted attacks are among the first {listed} leads{}",
        found.len(),
        attacks.len(),
        if found.is_empty() { "." } else { ":" }
    )];
    let name = widest(found.iter().map(|attack| attack.name.as_str()));
    for attack in found {
        let first = attack.leads.first().map_or("", String::as_str);
        let story = indented(&attack.story, 14 + name);
        lines.push(format!(
            "  lead {first:>3}  {:<name$}  {}",
            attack.name,
            story.trim_start()
        ));
    }
    if !missed.is_empty() {
        let names: Vec<&str> = missed.iter().map(|attack| attack.name.as_str()).collect();
        lines.push(indented(&format!("Missed: {}.", names.join(", ")), 0));
    }
    let mut hunts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for attack in &missed {
        if let Some(hunt) = &attack.hunt {
            hunts.entry(hunt).or_default().push(&attack.name);
        }
    }
    for (hunt, names) in hunts {
        let text = format!("{hunt} is made for: {}.", names.join(", "));
        lines.push(indented(&text, 0));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attack(name: &str, leads: &[&str], hunt: Option<&str>) -> Attack {
        Attack {
            name: name.to_owned(),
            story: "10.10.0.7 called home to 198.51.100.9 port 4444 about every hour, all day and all night long"
                .to_owned(),
            leads: leads.iter().map(|rank| (*rank).to_owned()).collect(),
            hunt: hunt.map(str::to_owned),
        }
    }

    fn lead(rank: &str, whom: &str) -> Lead {
        Lead {
            rank: rank.to_owned(),
            who: "10.10.0.7".to_owned(),
            whom: whom.to_owned(),
            how_often: "12 flows".to_owned(),
            first_seen: "01:00:00".to_owned(),
            last_seen: "23:00:00".to_owned(),
            why: "10.10.0.7 asks for TCP port 4444; source sends 255-1022 bytes, no answer seen; complete \
                  connection; 0.1-1 s. Seen with no other host."
                .to_owned(),
        }
    }

    #[test]
    fn a_lead_says_which_attack_it_holds() {
        let attacks = [
            attack("beacon (T1571)", &["2", "9"], None),
            attack("worm (T1210)", &[], None),
        ];
        let leads = [lead("1", "192.0.2.1"), lead("2", "198.51.100.9")];
        let expected = "\
rank  who -> whom                how often  planted
----  -------------------------  ---------  --------------
   1  10.10.0.7 -> 192.0.2.1     12 flows   no
      01:00:00 to 23:00:00: 10.10.0.7 asks for TCP port 4444; source sends 255-1022 bytes, no answer seen;
      complete connection; 0.1-1 s. Seen with no other host.
   2  10.10.0.7 -> 198.51.100.9  12 flows   beacon (T1571)
      01:00:00 to 23:00:00: 10.10.0.7 asks for TCP port 4444; source sends 255-1022 bytes, no answer seen;
      complete connection; 0.1-1 s. Seen with no other host.";
        assert_eq!(lead_table(&leads, &attacks), expected);
    }

    #[test]
    fn attacks_that_were_missed_are_named_with_the_hunt_for_them() {
        let attacks = [
            attack("beacon (T1571)", &["2", "9"], None),
            attack("generator (T1568.002)", &[], Some("hunt/dns_generated.sql")),
            attack("worm (T1210)", &[], None),
        ];
        let expected = "\
1 of 3 planted attacks are among the first 300 leads:
  lead   2  beacon (T1571)  10.10.0.7 called home to 198.51.100.9 port 4444 about every hour, all day and all
                            night long
Missed: generator (T1568.002), worm (T1210).
hunt/dns_generated.sql is made for: generator (T1568.002).";
        assert_eq!(outcome(&attacks, 300), expected);
        assert_eq!(
            outcome(&attacks[2..], 300),
            "0 of 1 planted attacks are among the first 300 leads.\nMissed: worm (T1210)."
        );
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let name = "tunnel in names of a domain that is long (T1071.004)";
        let attacks = [attack(name, &["1"], None)];
        let table = lead_table(&[lead("1", &"subdomain.".repeat(30))], &attacks);
        for line in table.lines().chain(outcome(&attacks, 300).lines()) {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
    }
}
