//! Asking for numbers before they are needed.

use pulp::Simd;

/// A vector unit that may ask for numbers before they are needed.
pub(super) trait Ahead: Simd {
    /// Asks for these to come closer, but not so close that they drive out what is in use; one line of the cache holds
    /// about one of them.
    #[inline(always)]
    fn ahead<T>(self, lines: &[T]) {
        let _ = lines;
    }

    /// Asks for these to come as close as can be, for what is worked on in a moment.
    #[inline(always)]
    fn soon<T>(self, lines: &[T]) {
        let _ = lines;
    }
}

impl Ahead for pulp::Scalar {}

#[cfg(target_arch = "aarch64")]
impl Ahead for pulp::aarch64::Neon {}

#[cfg(target_arch = "x86_64")]
macro_rules! ahead_on {
    ($($unit:ty)+) => {$(
        impl Ahead for $unit {
            #[inline(always)]
            fn ahead<T>(self, lines: &[T]) {
                for line in lines {
                    let line: *const T = line;
                    self.sse._mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }>(line.cast());
                }
            }

            #[inline(always)]
            fn soon<T>(self, lines: &[T]) {
                for line in lines {
                    let line: *const T = line;
                    self.sse._mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(line.cast());
                }
            }
        }
    )+};
}

#[cfg(target_arch = "x86_64")]
ahead_on!(pulp::x86::V3 pulp::x86::V4);
