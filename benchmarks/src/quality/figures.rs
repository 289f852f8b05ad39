//! What a ranking is worth. Pure functions: scores and labels in, figures out.
//!
//! A low score is suspicious. Records with equal scores have no order among them, so every figure
//! is its expectation over all orders of the equals.

use std::collections::HashSet;

/// The score of a record that got none: it ranks last.
pub(super) const UNSCORED: f64 = f64::INFINITY;

/// How many records an analyst looks at: the list of the original's screens, and its first page.
const PAGE: usize = 50;
pub(super) const LIST: usize = 300;

/// What is ranked: a record, or a lead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ranked {
    pub(super) score: f64,
    pub(super) attack: bool,
}

/// What a ranking is worth.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Figures {
    /// Attacks among the first 50, 300 and 1 % (at least one).
    pub(super) hits: [f64; 3],
    /// As many as could be: all attacks, or all that is looked at.
    pub(super) possible: [usize; 3],
    /// The probability that an attack ranks before what is none; none without one of them.
    pub(super) area: Option<f64>,
}

impl Figures {
    pub(super) fn of(mut ranking: Vec<Ranked>) -> Self {
        let all = ranking.len();
        let attacks = ranking.iter().filter(|one| one.attack).count();
        let cuts = [PAGE, LIST, one_percent(all)];
        ranking.sort_unstable_by(|a, b| a.score.total_cmp(&b.score));

        let mut hits = [0.0; 3];
        let mut won = 0.0;
        let mut before = 0;
        let mut normal_behind = all - attacks;
        for equals in ranking.chunk_by(|a, b| a.score == b.score) {
            let size = equals.len();
            let found = equals.iter().filter(|one| one.attack).count();
            for (hits, cut) in hits.iter_mut().zip(cuts) {
                let taken = cut.saturating_sub(before).min(size);
                *hits += found as f64 * taken as f64 / size as f64;
            }
            let normal = size - found;
            normal_behind -= normal;
            won += found as f64 * (normal_behind as f64 + normal as f64 / 2.0);
            before += size;
        }
        let pairs = attacks as f64 * (all - attacks) as f64;
        Self {
            hits,
            possible: cuts.map(|cut| cut.min(attacks)),
            area: (pairs > 0.0).then(|| won / pairs),
        }
    }

    /// The means of rankings of the same records.
    pub(super) fn mean(figures: &[Self]) -> Self {
        let mean_of = |figure: &dyn Fn(&Self) -> Option<f64>| {
            mean(&figures.iter().filter_map(figure).collect::<Vec<_>>())
        };
        Self {
            hits: std::array::from_fn(|cut| mean_of(&|one| Some(one.hits[cut])).unwrap_or(0.0)),
            possible: figures.first().map_or([0; 3], |one| one.possible),
            area: mean_of(&|one| one.area),
        }
    }

    /// The hits in percent of the possible; none where nothing is possible.
    pub(super) fn percent(&self, cut: usize) -> Option<f64> {
        (self.possible[cut] > 0).then(|| 100.0 * self.hits[cut] / self.possible[cut] as f64)
    }
}

fn one_percent(all: usize) -> usize {
    ((all as f64 / 100.0).round_ties_even() as usize).max(1)
}

/// The arithmetic mean; none of nothing.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The middle value, the mean of the middle two; none of nothing.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    Some((values[middle - 1] + upper) / 2.0)
}

/// The records whose label is sure.
pub(super) fn records(labels: &[Option<bool>], scores: &[f64]) -> Vec<Ranked> {
    labels
        .iter()
        .zip(scores)
        .filter_map(|(label, &score)| {
            Some(Ranked {
                score,
                attack: (*label)?,
            })
        })
        .collect()
}

/// Records that belong together, as one each: `lead_of` numbers the lead of every record from 0.
///
/// A lead has the lowest score of its records, and is an attack if more than half of its records
/// of sure label are; a lead without any is left out.
pub(super) fn leads(lead_of: &[usize], labels: &[Option<bool>], scores: &[f64]) -> Vec<Ranked> {
    #[derive(Clone)]
    struct Lead {
        score: f64,
        attacks: usize,
        sure: usize,
    }
    let none = Lead {
        score: UNSCORED,
        attacks: 0,
        sure: 0,
    };
    let count = lead_of.iter().max().map_or(0, |last| last + 1);
    let mut leads = vec![none; count];
    for ((&lead, label), score) in lead_of.iter().zip(labels).zip(scores) {
        let lead = &mut leads[lead];
        lead.score = lead.score.min(*score);
        lead.attacks += usize::from(*label == Some(true));
        lead.sure += usize::from(label.is_some());
    }
    leads
        .into_iter()
        .filter(|lead| lead.sure > 0)
        .map(|lead| Ranked {
            score: lead.score,
            attack: 2 * lead.attacks > lead.sure,
        })
        .collect()
}

/// How much lists of the same records have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Overlap {
    /// Over all pairs of lists, the share of the first that is in the second.
    pub(super) mean: f64,
    pub(super) least: f64,
}

/// The overlap of the first `length` records of each ranking, equals in the order of the records;
/// none for fewer than two rankings.
pub(super) fn overlap(rankings: &[Vec<f64>], length: usize) -> Option<Overlap> {
    let lists: Vec<HashSet<usize>> = rankings
        .iter()
        .map(|scores| {
            let mut order: Vec<usize> = (0..scores.len()).collect();
            order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
            order.into_iter().take(length).collect()
        })
        .collect();
    let mut shares = Vec::new();
    for (one, list) in lists.iter().enumerate() {
        for other in &lists[one + 1..] {
            shares.push(list.intersection(other).count() as f64 / list.len().max(1) as f64);
        }
    }
    Some(Overlap {
        mean: mean(&shares)?,
        least: shares.into_iter().fold(1.0, f64::min),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(ranked: &[(f64, bool)]) -> Vec<Ranked> {
        let ranked = ranked.iter();
        ranked
            .map(|&(score, attack)| Ranked { score, attack })
            .collect()
    }

    /// `count` records with one score, the first `attacks` of them attacks.
    fn equals(score: f64, count: usize, attacks: usize) -> Vec<Ranked> {
        (0..count)
            .map(|record| Ranked {
                score,
                attack: record < attacks,
            })
            .collect()
    }

    #[test]
    fn attacks_in_front_are_all_found() {
        let figures = Figures::of(ranking(&[(0.3, false), (0.1, true), (0.2, false)]));
        assert_eq!(figures.hits, [1.0, 1.0, 1.0]);
        assert_eq!(figures.possible, [1, 1, 1]);
        assert_eq!(figures.area, Some(1.0));
    }

    #[test]
    fn attacks_at_the_end_have_no_area() {
        let figures = Figures::of(ranking(&[(0.3, true), (0.1, false), (0.2, false)]));
        assert_eq!(figures.hits, [1.0, 1.0, 0.0]);
        assert_eq!(figures.area, Some(0.0));
    }

    #[test]
    fn equal_scores_are_a_coin_toss() {
        let figures = Figures::of(equals(0.5, 200, 20));
        // A tenth of 50; all, for there are 200; a tenth of two.
        assert_eq!(figures.hits, [5.0, 20.0, 0.2]);
        assert_eq!(figures.possible, [20, 20, 2]);
        assert_eq!(figures.percent(2), Some(10.0));
        assert_eq!(figures.area, Some(0.5));
    }

    #[test]
    fn a_group_that_is_cut_counts_by_its_share() {
        let mut all = equals(0.1, 40, 4);
        all.extend(equals(0.2, 20, 8));
        all.extend(equals(0.3, 40, 0));
        let figures = Figures::of(all);
        // 4, and 10 of the 20 that have 8; the 1 % is one of the first 40.
        assert_eq!(figures.hits, [8.0, 12.0, 0.1]);
        // Of 88 that are none, an attack of the first group has 52 behind it and 36 beside it,
        // one of the second 40 and 12.
        let won = 4.0 * (52.0 + 18.0) + 8.0 * (40.0 + 6.0);
        assert_eq!(figures.area, Some(won / (12.0 * 88.0)));
    }

    #[test]
    fn without_attacks_nothing_is_possible() {
        let figures = Figures::of(ranking(&[(0.1, false), (0.2, false)]));
        assert_eq!(figures.hits, [0.0; 3]);
        assert_eq!(figures.percent(0), None);
        assert_eq!(figures.area, None);
        assert_eq!(Figures::of(Vec::new()).area, None);
    }

    #[test]
    fn what_has_no_score_ranks_last() {
        let figures = Figures::of(ranking(&[
            (UNSCORED, true),
            (1.0, false),
            (UNSCORED, false),
        ]));
        // Behind the scored one, and equal to the other.
        assert_eq!(figures.area, Some(0.25));
    }

    #[test]
    fn means_are_over_rankings_of_the_same_records() {
        let one = Figures::of(ranking(&[(0.1, true), (0.2, false)]));
        let other = Figures::of(ranking(&[(0.3, true), (0.2, false)]));
        let mean = Figures::mean(&[one, other]);
        assert_eq!(mean.hits, [1.0, 1.0, 0.5]);
        assert_eq!(mean.possible, [1, 1, 1]);
        assert_eq!(mean.area, Some(0.5));
    }

    #[test]
    fn unsure_records_are_not_judged() {
        let labels = [Some(true), None, Some(false)];
        let judged = records(&labels, &[0.1, 0.2, 0.3]);
        assert_eq!(judged, ranking(&[(0.1, true), (0.3, false)]));
    }

    #[test]
    fn a_lead_is_an_attack_if_most_of_its_sure_records_are() {
        let lead_of = [0, 0, 1, 1, 1, 2, 3];
        let labels = [
            Some(true),
            Some(false),
            Some(true),
            Some(true),
            Some(false),
            None,
            Some(false),
        ];
        let scores = [0.2, 0.2, 0.5, 0.4, 0.5, 0.1, UNSCORED];
        // Half is not most; the lead that nobody is sure of is none.
        let expected = ranking(&[(0.2, false), (0.4, true), (UNSCORED, false)]);
        assert_eq!(leads(&lead_of, &labels, &scores), expected);
    }

    #[test]
    fn lists_are_compared_two_by_two() {
        // First two: {0, 1}, {0, 1} by the order of the records, {2, 1}.
        let rankings = [
            vec![0.1, 0.2, 0.3],
            vec![0.1, 0.1, 0.1],
            vec![0.3, 0.2, 0.1],
        ];
        let overlap_of = |count: usize| overlap(&rankings[..count], 2);
        assert_eq!(overlap_of(1), None);
        let same = Overlap {
            mean: 1.0,
            least: 1.0,
        };
        assert_eq!(overlap_of(2), Some(same));
        let halves = Overlap {
            mean: 2.0 / 3.0,
            least: 0.5,
        };
        assert_eq!(overlap_of(3), Some(halves));
        // Shorter than the list: all of it.
        assert_eq!(overlap(&rankings, 300), Some(same));
    }

    #[test]
    fn a_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }
}
