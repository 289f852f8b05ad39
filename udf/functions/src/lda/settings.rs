//! How a model is fitted: the named arguments of `lda_train` and `lda_score`, with their defaults.

use std::fmt;
use std::hash::{Hash, Hasher};

use spotql_topic::{cvb0, em, online};

use super::fitting::{Fitting, Optimizer};
use crate::relation::{Arguments, Error, Result};

/// A floating-point parameter that can be compared and hashed by its bits, as plan nodes must.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Real(pub(crate) f64);

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Real {}

impl Hash for Real {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// The parameter that names the words of a model.
pub(crate) const RECIPE: &str = "recipe";
/// The parameter that names the domain lists behind the words of a model.
pub(crate) const DOMAINS: &str = "domains";

/// What a record's score is made of: `scoring => …`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) enum Rule {
    /// The original's: the smallest probability of its pairs under a model of all records.
    Spot,
    /// Every pair under a model that has not seen it, multiplied (see [`super::score`]).
    #[default]
    LeaveOneOut,
}

impl Rule {
    pub(crate) const NAMES: &'static str = "'spot' or 'leave_one_out'";

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Spot, Self::LeaveOneOut]
            .into_iter()
            .find(|known| name.eq_ignore_ascii_case(known.name()))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::LeaveOneOut => "leave_one_out",
        }
    }
}

impl Rule {
    /// Topics and iterations if nobody says: the original's, or half as many topics and three times
    /// as many iterations, which take about the same time and agree better from seed to seed.
    fn usual_size(self) -> (usize, usize) {
        match self {
            Self::Spot => (20, 20),
            Self::LeaveOneOut => (10, 60),
        }
    }

    /// How many models are averaged if nobody says.
    fn usual_restarts(self) -> usize {
        match self {
            Self::Spot => 1,
            Self::LeaveOneOut => 2,
        }
    }
}

/// More would take hours, and change nothing.
const MOST_RESTARTS: usize = 64;

/// The settings of one training.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Settings {
    /// What the words are, as the user named it: `flow`, or the expressions.
    pub(crate) recipe: String,
    /// What domain classes depend on, for recipes that use them.
    pub(crate) domains: Option<String>,
    /// Whether rare values of fields are folded (see [`super::fold`]): in all words but the
    /// original's, whose texts are what a log says.
    pub(crate) folds: bool,
    pub(crate) rule: Rule,
    /// Models whose judgements are averaged.
    pub(crate) restarts: usize,
    pub(crate) optimizer: Optimizer,
    pub(crate) topics: usize,
    pub(crate) iterations: usize,
    /// None: the optimizer's default.
    pub(crate) alpha: Option<Real>,
    /// None: the optimizer's default.
    pub(crate) beta: Option<Real>,
    pub(crate) seed: u64,
    pub(crate) precision: em::Precision,
    /// How often a record of the feedback counts.
    pub(crate) dupfactor: u64,
    /// The input as written, for the record.
    pub(crate) input: String,
    /// The feedback as written.
    pub(crate) feedback: Option<String>,
    /// Where to look when no record can be used.
    pub(crate) advice: String,
    /// The same where no record was read at all.
    pub(crate) advice_on_none: String,
}

impl Default for Settings {
    /// The defaults. Where the original (Apache Spot) took another seed each time, ours is 1.
    fn default() -> Self {
        Self {
            recipe: String::new(),
            domains: None,
            folds: false,
            rule: Rule::default(),
            restarts: 1,
            optimizer: Optimizer::default(),
            topics: Rule::default().usual_size().0,
            iterations: Rule::default().usual_size().1,
            alpha: None,
            beta: None,
            seed: 1,
            precision: em::Precision::Double,
            dupfactor: 1000,
            input: String::new(),
            feedback: None,
            advice: String::new(),
            advice_on_none: String::new(),
        }
    }
}

impl Settings {
    /// What the arguments say, checked; the defaults where they say nothing.
    pub(crate) fn of(arguments: &Arguments) -> Result<Self> {
        let mut settings = Self {
            input: arguments.input.to_string(),
            feedback: arguments.get("feedback").map(ToString::to_string),
            ..Self::default()
        };
        let size = |name: &str| -> Result<Option<usize>> {
            Ok(arguments
                .whole_number(name)?
                .map(|n| usize::try_from(n).unwrap_or(usize::MAX)))
        };
        if let Some(scoring) = arguments.get("scoring") {
            settings.rule = arguments
                .word("scoring")
                .and_then(|name| Rule::from_name(&name))
                .ok_or_else(|| arguments.invalid("scoring", scoring, Rule::NAMES))?;
        }
        let (topics, iterations) = settings.rule.usual_size();
        settings.topics = size("topics")?.unwrap_or(topics);
        settings.iterations = size("iterations")?.unwrap_or(iterations);
        // What is trained to be stored is one model.
        if arguments.function.parameter("restarts").is_some() {
            settings.restarts = settings.rule.usual_restarts();
        }
        if let Some(restarts) = arguments.get("restarts") {
            let (most, accepted) = match settings.rule {
                Rule::Spot => (1, "1: with scoring => 'spot' there is one model"),
                Rule::LeaveOneOut => (MOST_RESTARTS, "a whole number from 1 to 64"),
            };
            settings.restarts = size("restarts")?
                .filter(|n| (1..=most).contains(n))
                .ok_or_else(|| arguments.invalid("restarts", restarts, accepted))?;
        }
        if let Some(optimizer) = arguments.get("optimizer") {
            settings.optimizer = arguments
                .word("optimizer")
                .and_then(|name| Optimizer::from_name(&name))
                .ok_or_else(|| arguments.invalid("optimizer", optimizer, Optimizer::NAMES))?;
        }
        settings.alpha = arguments.real("alpha")?.map(Real);
        settings.beta = arguments.real("beta")?.map(Real);
        if let Some(seed) = arguments.whole_number("seed")? {
            settings.seed = seed;
        }
        if let Some(precision) = arguments.get("precision") {
            settings.precision = match arguments.word("precision").as_deref() {
                Some("double" | "64") => em::Precision::Double,
                Some("single" | "32") if settings.optimizer == Optimizer::Em => {
                    em::Precision::Single
                }
                Some("single" | "32") => {
                    let accepted = "'double': only the optimizer 'em' has single precision";
                    return Err(arguments.invalid("precision", precision, accepted));
                }
                _ => {
                    return Err(arguments.invalid(
                        "precision",
                        precision,
                        "'double' (or 64) or 'single' (or 32)",
                    ));
                }
            };
        }
        if let Some(value) = arguments.get("dupfactor") {
            if settings.feedback.is_none() {
                let accepted = "nothing without feedback => …, which it is for";
                return Err(arguments.invalid("dupfactor", value, accepted));
            }
            settings.dupfactor = arguments
                .whole_number("dupfactor")?
                .filter(|n| (1..=1_000_000).contains(n))
                .ok_or_else(|| {
                    arguments.invalid("dupfactor", value, "a whole number from 1 to 1000000")
                })?;
        }
        settings.method(1).validate().map_err(Error::from)?;
        Ok(settings)
    }

    /// The way to fit a model that the settings ask for.
    pub(crate) fn method(&self, threads: usize) -> Fitting {
        self.restarted(0, threads)
    }

    /// The same from another start; each seed has its own.
    pub(crate) fn restarted(&self, restart: usize, threads: usize) -> Fitting {
        let seed = self.seed.wrapping_add((restart as u64) << 40);
        let (topics, iterations) = (self.topics, self.iterations);
        let (alpha, beta) = (self.alpha.map(|it| it.0), self.beta.map(|it| it.0));
        match self.optimizer {
            Optimizer::Em => {
                let usual = em::Parameters::default();
                Fitting::Em(em::Parameters {
                    topics,
                    iterations,
                    alpha: alpha.unwrap_or(usual.alpha),
                    beta: beta.unwrap_or(usual.beta),
                    seed,
                    precision: self.precision,
                    threads,
                })
            }
            Optimizer::Online => Fitting::Online(online::Parameters {
                topics,
                iterations,
                alpha,
                beta,
                seed,
                threads,
                ..online::Parameters::default()
            }),
            Optimizer::Cvb0 => {
                let usual = cvb0::Parameters::default();
                Fitting::Cvb0(cvb0::Parameters {
                    topics,
                    iterations,
                    alpha: alpha.unwrap_or(usual.alpha),
                    beta: beta.unwrap_or(usual.beta),
                    seed,
                    threads,
                })
            }
        }
    }

    pub(crate) fn precision_name(&self) -> &'static str {
        match self.precision {
            em::Precision::Single => "single",
            em::Precision::Double => "double",
        }
    }

    /// The settings as (name, value), in the order of the documentation.
    pub(crate) fn named(&self) -> Vec<(&'static str, String)> {
        let (alpha, beta) = self.method(1).concentrations();
        let mut named = vec![(RECIPE, self.recipe.clone())];
        named.extend(self.domains.clone().map(|domains| (DOMAINS, domains)));
        named.extend([
            ("scoring", self.rule.name().to_owned()),
            ("optimizer", self.optimizer.name().to_owned()),
            ("topics", self.topics.to_string()),
            ("iterations", self.iterations.to_string()),
            ("alpha", alpha.to_string()),
            ("beta", beta.to_string()),
            ("seed", self.seed.to_string()),
            ("precision", self.precision_name().to_owned()),
        ]);
        if self.restarts > 1 {
            named.push(("restarts", self.restarts.to_string()));
        }
        if self.feedback.is_some() {
            named.push(("dupfactor", self.dupfactor.to_string()));
        }
        named
    }

    /// Of these, the ones that `arguments` name: what a stored model must agree with.
    pub(crate) fn asked(&self, arguments: &Arguments) -> Vec<(String, String)> {
        let fixed = |name: &str| [RECIPE, DOMAINS, "scoring"].contains(&name);
        self.named()
            .into_iter()
            .filter(|(name, _)| fixed(name) || arguments.get(name).is_some())
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, value)) in self.named().into_iter().enumerate() {
            write!(f, "{}{name}={value}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
