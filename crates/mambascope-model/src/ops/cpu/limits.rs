//! What the machine can do at its best, measured: multiply-adds in registers, and numbers read from main memory.

use std::hint::black_box;
use std::time::{Duration, Instant};

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::Cpu;
use super::vector::{Arithmetic, Kernel, Unit, sum_of, vectorized};
use crate::Threads;

/// Multiply-adds that are under way at once: more than a latency times the units of any processor, and no more than fit in
/// sixteen registers beside two operands.
const CHAINS: usize = 12;
/// How long each limit is looked for.
const LONG: Duration = Duration::from_millis(300);

impl Cpu {
    /// The vector unit that the fast path found: `AVX-512`, `AVX2`, `NEON` or `plain`.
    pub fn unit() -> &'static str {
        Unit::found().name()
    }

    /// The most floating-point operations a second that these threads were seen to do, in f32 multiply-adds.
    pub fn peak(threads: &Threads) -> f64 {
        const ROUNDS: usize = 1 << 18;
        let count = threads.count();
        best(|| {
            let one = |_| black_box(chains(Unit::found(), black_box(ROUNDS)));
            let lanes: usize = threads.run(|| (0..count).into_par_iter().map(one).sum());
            2.0 * (lanes * CHAINS * ROUNDS) as f64
        })
    }
}

/// Numbers that do not fit in any cache, to be read again and again.
#[derive(Debug)]
pub struct MainMemory {
    numbers: Vec<f32>,
    threads: Threads,
}

impl MainMemory {
    /// A quarter of a gibibyte, to be read by these threads.
    pub fn on(threads: &Threads) -> Self {
        Self { numbers: vec![1.0; 64 << 20], threads: threads.clone() }
    }

    /// Bytes a second, of one time through.
    pub fn bandwidth(&self) -> f64 {
        let part = self.numbers.len() / self.threads.count();
        let read = |part: &[f32]| {
            let mut sum = 0.0;
            vectorized(Sum { values: part, sum: &mut sum });
            sum
        };
        self.threads.lead(|| {
            let start = Instant::now();
            let parts = self.numbers.par_chunks(part).map(read);
            black_box(self.threads.run(|| parts.sum::<f64>()));
            size_of_val(self.numbers.as_slice()) as f64 / start.elapsed().as_secs_f64()
        })
    }
}

/// The best rate of work that says how much it did.
fn best(work: impl Fn() -> f64) -> f64 {
    let begin = Instant::now();
    let mut rate = 0.0_f64;
    while begin.elapsed() < LONG {
        let start = Instant::now();
        let done = work();
        rate = rate.max(done / start.elapsed().as_secs_f64());
    }
    rate
}

struct Sum<'a> {
    values: &'a [f32],
    sum: &'a mut f64,
}

impl Kernel for Sum<'_> {
    #[inline(always)]
    fn run<A: Arithmetic>(self) {
        *self.sum = sum_of::<A>(self.values, |value| value);
    }
}

/// Runs chains of multiply-adds on a unit; how many numbers it treats together.
fn chains(unit: Unit, rounds: usize) -> usize {
    match unit {
        #[cfg(target_arch = "x86_64")]
        Unit::Avx512(unit) => Simd::vectorize(unit, Chains(rounds)),
        #[cfg(target_arch = "x86_64")]
        Unit::Avx2(unit) => Simd::vectorize(unit, Chains(rounds)),
        #[cfg(target_arch = "aarch64")]
        Unit::Neon(unit) => Simd::vectorize(unit, Chains(rounds)),
        Unit::Plain => Chains(rounds).with_simd(pulp::Scalar),
    }
}

struct Chains(usize);

impl WithSimd for Chains {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, unit: S) -> usize {
        let (factor, term) = (unit.splat_f32s(black_box(0.999)), unit.splat_f32s(black_box(0.001)));
        let mut sums = [unit.splat_f32s(0.5); CHAINS];
        for _ in 0..self.0 {
            for sum in &mut sums {
                *sum = unit.mul_add_e_f32s(*sum, factor, term);
            }
        }
        let total: f32 = sums.into_iter().map(|sum| unit.reduce_sum_f32s(sum)).sum();
        black_box(total);
        S::F32_LANES
    }
}
