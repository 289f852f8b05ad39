//! Corpora drawn from a topic model that is known: latent Dirichlet allocation with the skew of
//! logs.
//!
//! Most documents (addresses) have a few words, some have a large part of all; some topics are
//! everywhere and most are rare; words follow Zipf's law, each topic with its own preferences.

/// What to draw.
#[derive(Debug, Clone, Copy)]
pub(super) struct Drawn {
    /// Documents.
    pub(super) documents: usize,
    /// Words that may occur.
    pub(super) words: usize,
    /// Topics behind them.
    pub(super) topics: usize,
    /// Tokens, about.
    pub(super) tokens: usize,
    /// The same seed draws the same corpus.
    pub(super) seed: u64,
}

/// How even a document's mix is: the sum of its Dirichlet's concentrations.
const MIX: f64 = 1.0;
/// How alike the topics' words are: a word's concentration where words are evenly frequent.
const TASTE: f64 = 0.05;
/// The tail of the documents' lengths: the share of documents longer than `l` falls as `l^-1.1`.
const TAIL: f64 = 1.1;

impl Drawn {
    /// Draws (document, word, 1), a token each.
    pub(super) fn tokens(&self) -> Vec<(u32, u32, u64)> {
        let mut numbers = Numbers(self.seed);
        let topics: Vec<Cumulative> = (0..self.topics)
            .map(|_| {
                Cumulative::new((1..=self.words).map(|rank| {
                    let share =
                        self.words as f64 / (rank as f64 * (self.words as f64).ln().max(1.0));
                    numbers.gamma(TASTE * share)
                }))
            })
            .collect();
        let weights: Vec<f64> = (0..self.topics).map(|_| numbers.gamma(1.0)).collect();
        let weight: f64 = weights.iter().sum();

        let lengths: Vec<f64> = (0..self.documents)
            .map(|_| (1.0 - numbers.unit()).powf(-1.0 / TAIL))
            .collect();
        let scale = self.tokens as f64 / lengths.iter().sum::<f64>();
        let mut tokens = Vec::with_capacity(self.tokens + self.documents);
        for (document, length) in (0..).zip(lengths) {
            let shares = weights.iter().map(|one| numbers.gamma(MIX * one / weight));
            let mix = Cumulative::new(shares.collect::<Vec<_>>().into_iter());
            for _ in 0..(length * scale).ceil() as usize {
                let topic = &topics[mix.draw(&mut numbers)];
                tokens.push((document, topic.draw(&mut numbers) as u32, 1));
            }
        }
        tokens
    }
}

/// A distribution over whole numbers from 0.
struct Cumulative(Vec<f64>);

impl Cumulative {
    fn new(weights: impl Iterator<Item = f64>) -> Self {
        let mut sum = 0.0;
        // Something for everybody, so that there is always somebody to draw.
        let grown = weights.map(|weight| {
            sum += weight + 1e-300;
            sum
        });
        Self(grown.collect())
    }

    fn draw(&self, numbers: &mut Numbers) -> usize {
        let height = numbers.unit() * self.0.last().copied().unwrap_or(0.0);
        let place = self.0.partition_point(|sum| *sum <= height);
        place.min(self.0.len() - 1)
    }
}

/// SplitMix64, and what is made of it.
struct Numbers(u64);

impl Numbers {
    /// Uniform in [0, 1).
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Normal with mean 0 and variance 1 (Box and Muller 1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Gamma with this shape and scale 1 (Marsaglia and Tsang 2000).
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * (1.0 - self.unit()).powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            let u = 1.0 - self.unit();
            if v > 0.0 && u.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }
}
