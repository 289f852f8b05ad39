//! Numbers in fixed groups of lanes: the arithmetic of the kernels.
//!
//! A group is 256 bits, 8 lanes of `f32` or 4 of `f64`, on every processor. Which instructions carry it out (AVX2, or
//! whatever the compiler makes of arrays) changes the time and never the bits. Every lane is computed alone, and the
//! lanes of a group are added in one fixed tree (halves, then quarters, then the last two). Nothing is fused (a fused
//! multiply-add rounds once where two instructions round twice). AVX-512 is left out: it was no faster (rows of 20
//! topics are 96 bytes, so that half of all 64-byte loads straddle cache lines).
//!
//! The choice is made at run time, without `unsafe`, by `pulp`. The AVX2 side uses its safe
//! intrinsics instead of arrays because LLVM takes an array's transposed sum to pieces: three
//! times as many instructions, a fifth of the whole speed.

use std::fmt::Debug;
#[cfg(target_arch = "x86_64")]
use std::marker::PhantomData;
use std::ops::{Add, Div, Mul};

#[cfg(target_arch = "x86_64")]
use pulp::x86::V3;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{__m256, __m256d};

/// Pairs that a kernel takes at once, so that the memory system has much to do at a time.
pub(crate) const BATCH: usize = 8;

/// One group of lanes in memory. Aligned, so that no group straddles two cache lines.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
pub(crate) struct Group<T: Real>(pub(crate) T::Array);

/// `f32` or `f64`: what the counts are stored and multiplied in.
pub(crate) trait Real:
    Copy
    + Send
    + Sync
    + Debug
    + PartialEq
    + Add<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + 'static
{
    /// How many lanes make a group.
    const LANES: usize;
    /// The lanes of a group.
    type Array: Copy + Send + Sync + Debug + AsRef<[Self]> + AsMut<[Self]>;
    /// The way that `Instructions` prefers on this kind of processor.
    type Widest: Lanes<Self>;

    /// Rounds to the nearest.
    fn from_f64(value: f64) -> Self;
    /// Rounds to the nearest.
    fn from_count(count: u32) -> Self;
    /// Exact.
    fn to_f64(self) -> f64;
    /// A group with the same value in every lane.
    fn group(value: Self) -> Group<Self>;
    /// Proof that this processor has the instructions, handed on.
    fn widest(proof: Proof) -> Self::Widest;
}

impl Real for f32 {
    const LANES: usize = 8;
    type Array = [f32; 8];
    type Widest = Proof;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }
    #[inline(always)]
    fn from_count(count: u32) -> Self {
        count as f32
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn group(value: Self) -> Group<Self> {
        Group([value; 8])
    }
    #[inline(always)]
    fn widest(proof: Proof) -> Proof {
        proof
    }
}

impl Real for f64 {
    const LANES: usize = 4;
    type Array = [f64; 4];
    type Widest = Proof;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn from_count(count: u32) -> Self {
        f64::from(count)
    }
    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }
    #[inline(always)]
    fn group(value: Self) -> Group<Self> {
        Group([value; 4])
    }
    #[inline(always)]
    fn widest(proof: Proof) -> Proof {
        proof
    }
}

/// A way to carry out lane arithmetic.
pub(crate) trait Lanes<T: Real>: Copy {
    /// A group of lanes in registers.
    type Vector: Copy;

    /// From memory.
    fn load(self, group: &Group<T>) -> Self::Vector;
    /// To memory.
    fn store(self, vector: Self::Vector) -> Group<T>;
    /// The same value in every lane.
    fn splat(self, value: T) -> Self::Vector;
    /// Lane by lane.
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// Lane by lane.
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// The sum of each vector's lanes, by the fixed tree.
    fn sums(self, vectors: [Self::Vector; BATCH]) -> [T; BATCH];

    /// The sum of a vector's lanes, by the fixed tree.
    #[inline(always)]
    fn sum(self, vector: Self::Vector) -> T {
        tree(self.store(vector).0.as_ref())
    }
}

/// The fixed tree of a group's 4 or 8 lanes.
#[inline(always)]
fn tree<T: Real>(lanes: &[T]) -> T {
    match *lanes {
        [a, b, c, d, e, f, g, h] => ((a + e) + (c + g)) + ((b + f) + (d + h)),
        [a, b, c, d] => (a + c) + (b + d),
        // No other group exists.
        _ => T::from_f64(f64::NAN),
    }
}

/// Plain arrays, for any processor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Portable;

impl<T: Real> Lanes<T> for Portable {
    type Vector = Group<T>;

    #[inline(always)]
    fn load(self, group: &Group<T>) -> Group<T> {
        *group
    }
    #[inline(always)]
    fn store(self, vector: Group<T>) -> Group<T> {
        vector
    }
    #[inline(always)]
    fn splat(self, value: T) -> Group<T> {
        T::group(value)
    }
    #[inline(always)]
    fn add(self, mut a: Group<T>, b: Group<T>) -> Group<T> {
        for (a, b) in a.0.as_mut().iter_mut().zip(b.0.as_ref()) {
            *a = *a + *b;
        }
        a
    }
    #[inline(always)]
    fn mul(self, mut a: Group<T>, b: Group<T>) -> Group<T> {
        for (a, b) in a.0.as_mut().iter_mut().zip(b.0.as_ref()) {
            *a = *a * *b;
        }
        a
    }
    #[inline(always)]
    fn sums(self, vectors: [Group<T>; BATCH]) -> [T; BATCH] {
        let mut sums = [T::from_f64(0.0); BATCH];
        for (sum, vector) in sums.iter_mut().zip(&vectors) {
            *sum = tree(vector.0.as_ref());
        }
        sums
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes<f32> for V3 {
    type Vector = __m256;

    #[inline(always)]
    fn load(self, group: &Group<f32>) -> __m256 {
        pulp::cast(group.0)
    }
    #[inline(always)]
    fn store(self, vector: __m256) -> Group<f32> {
        Group(pulp::cast(vector))
    }
    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        self.avx._mm256_set1_ps(value)
    }
    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        self.avx._mm256_add_ps(a, b)
    }
    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        self.avx._mm256_mul_ps(a, b)
    }
    #[inline(always)]
    fn sums(self, z: [__m256; BATCH]) -> [f32; BATCH] {
        pulp::cast(single_lanes_ps(
            self,
            quarters_ps(
                self,
                halves_ps(self, z[0], z[4]),
                halves_ps(self, z[1], z[5]),
            ),
            quarters_ps(
                self,
                halves_ps(self, z[2], z[6]),
                halves_ps(self, z[3], z[7]),
            ),
        ))
    }
}

#[cfg(target_arch = "x86_64")]
impl Lanes<f64> for V3 {
    type Vector = __m256d;

    #[inline(always)]
    fn load(self, group: &Group<f64>) -> __m256d {
        pulp::cast(group.0)
    }
    #[inline(always)]
    fn store(self, vector: __m256d) -> Group<f64> {
        Group(pulp::cast(vector))
    }
    #[inline(always)]
    fn splat(self, value: f64) -> __m256d {
        self.avx._mm256_set1_pd(value)
    }
    #[inline(always)]
    fn add(self, a: __m256d, b: __m256d) -> __m256d {
        self.avx._mm256_add_pd(a, b)
    }
    #[inline(always)]
    fn mul(self, a: __m256d, b: __m256d) -> __m256d {
        self.avx._mm256_mul_pd(a, b)
    }
    #[inline(always)]
    fn sums(self, z: [__m256d; BATCH]) -> [f64; BATCH] {
        let four = [
            single_lanes_pd(
                self,
                halves_pd(self, z[0], z[2]),
                halves_pd(self, z[1], z[3]),
            ),
            single_lanes_pd(
                self,
                halves_pd(self, z[4], z[6]),
                halves_pd(self, z[5], z[7]),
            ),
        ];
        pulp::cast(four)
    }
}

// The steps of the transposed sums: each adds the halves of what is left of two vectors and
// puts the results into one. Functions, not closures: a closure is not compiled for AVX2 unless
// it happens to be inlined.

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn halves_ps(V3 { avx, .. }: V3, a: __m256, b: __m256) -> __m256 {
    let low = avx._mm256_permute2f128_ps::<0x20>(a, b);
    avx._mm256_add_ps(low, avx._mm256_permute2f128_ps::<0x31>(a, b))
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn quarters_ps(V3 { avx, .. }: V3, a: __m256, b: __m256) -> __m256 {
    let low = avx._mm256_shuffle_ps::<0b01_00_01_00>(a, b);
    avx._mm256_add_ps(low, avx._mm256_shuffle_ps::<0b11_10_11_10>(a, b))
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn single_lanes_ps(V3 { avx, .. }: V3, a: __m256, b: __m256) -> __m256 {
    let even = avx._mm256_shuffle_ps::<0b10_00_10_00>(a, b);
    avx._mm256_add_ps(even, avx._mm256_shuffle_ps::<0b11_01_11_01>(a, b))
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn halves_pd(V3 { avx, .. }: V3, a: __m256d, b: __m256d) -> __m256d {
    let low = avx._mm256_permute2f128_pd::<0x20>(a, b);
    avx._mm256_add_pd(low, avx._mm256_permute2f128_pd::<0x31>(a, b))
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn single_lanes_pd(V3 { avx, .. }: V3, a: __m256d, b: __m256d) -> __m256d {
    avx._mm256_add_pd(avx._mm256_unpacklo_pd(a, b), avx._mm256_unpackhi_pd(a, b))
}

/// A computation that is compiled once for each way. `call` must be `#[inline(always)]`, and so
/// must all that it calls and wants compiled for the wider instructions.
pub(crate) trait Kernel<T: Real> {
    /// The result.
    type Output;
    /// Computes it.
    fn call<L: Lanes<T>>(self, lanes: L) -> Self::Output;
}

/// Which instructions to use.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Instructions {
    /// 256-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx2(V3),
    /// What the program was compiled for.
    Baseline,
}

impl Instructions {
    /// The best this processor has.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(lanes) = V3::try_new() {
            return Self::Avx2(lanes);
        }
        Self::Baseline
    }

    /// Runs a kernel with these instructions.
    #[inline]
    pub(crate) fn run<T: Real, K: Kernel<T>>(self, kernel: K) -> K::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(proof) => proof.vectorize(Vectorized(proof, kernel, PhantomData::<T>)),
            Self::Baseline => kernel.call(Portable),
        }
    }
}

/// Shows that the processor was found to have AVX2; its methods are the instructions.
#[cfg(target_arch = "x86_64")]
pub(crate) type Proof = V3;
/// Elsewhere there is nothing to show.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) type Proof = Portable;

#[cfg(target_arch = "x86_64")]
struct Vectorized<T, K>(V3, K, PhantomData<T>);

#[cfg(target_arch = "x86_64")]
impl<T: Real, K: Kernel<T>> pulp::NullaryFnOnce for Vectorized<T, K> {
    type Output = K::Output;

    #[inline(always)]
    fn call(self) -> K::Output {
        self.1.call(T::widest(self.0))
    }
}
