//! Buffers of numbers, used again by the thread that let them go.
//!
//! A run makes matrices of the same few sizes over and over. A buffer that was let go is handed out with whatever is in it,
//! so that neither the allocator nor a fill with zeros stands between two products.

use std::cell::RefCell;
use std::thread::LocalKey;

/// Bytes under which a buffer is left to the allocator.
const SMALL: usize = 1 << 14;
/// Bytes that a thread keeps at most.
const KEPT: usize = 24 << 20;

/// A number whose buffers are kept.
pub trait Number: Copy + Default + 'static {
    /// What is in a buffer that nothing was written to yet, where mistakes are looked for.
    const UNSET: Self;

    /// The buffers that this thread has let go.
    #[doc(hidden)]
    fn spare() -> &'static LocalKey<RefCell<Spare<Self>>>;
}

/// Buffers that nobody uses, the latest last.
#[derive(Debug)]
pub struct Spare<T>(Vec<Vec<T>>);

impl<T> Spare<T> {
    const fn none() -> Self {
        Self(Vec::new())
    }

    const fn size(buffer: &Vec<T>) -> usize {
        buffer.capacity() * size_of::<T>()
    }

    fn keep(&mut self, buffer: Vec<T>) {
        self.0.push(buffer);
        let mut bytes: usize = self.0.iter().map(Self::size).sum();
        let mut old = 0;
        while bytes > KEPT {
            bytes -= Self::size(&self.0[old]);
            old += 1;
        }
        self.0.drain(..old);
    }

    /// The tightest buffer that is not twice too large.
    fn take(&mut self, count: usize) -> Option<Vec<T>> {
        let fits = |buffer: &Vec<T>| (count..=2 * count).contains(&buffer.capacity());
        let places = self.0.iter().enumerate().filter(|(_, buffer)| fits(buffer));
        let (place, _) = places.min_by_key(|(_, buffer)| buffer.capacity())?;
        Some(self.0.swap_remove(place))
    }
}

thread_local! {
    static SINGLE: RefCell<Spare<f32>> = const { RefCell::new(Spare::none()) };
    static DOUBLE: RefCell<Spare<f64>> = const { RefCell::new(Spare::none()) };
}

impl Number for f32 {
    const UNSET: Self = Self::NAN;

    fn spare() -> &'static LocalKey<RefCell<Spare<Self>>> {
        &SINGLE
    }
}

impl Number for f64 {
    const UNSET: Self = Self::NAN;

    fn spare() -> &'static LocalKey<RefCell<Spare<Self>>> {
        &DOUBLE
    }
}

/// A buffer of so many numbers, whatever they are.
pub(crate) fn take<T: Number>(count: usize) -> Vec<T> {
    if count * size_of::<T>() >= SMALL {
        let spare = T::spare().try_with(|spare| spare.borrow_mut().take(count));
        if let Ok(Some(mut buffer)) = spare {
            buffer.resize(count, T::default());
            return buffer;
        }
    }
    vec![T::default(); count]
}

/// Keeps a buffer for whoever next takes one as large.
pub(crate) fn keep<T: Number>(buffer: Vec<T>) {
    let bytes = Spare::size(&buffer);
    if (SMALL..=KEPT).contains(&bytes) {
        // A thread that ends has none to keep it.
        let _ = T::spare().try_with(|spare| spare.borrow_mut().keep(buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_let_go_is_handed_out_again_in_the_size_that_is_asked_for() {
        std::thread::spawn(|| {
            keep(vec![7.0_f32; 10_000]);
            assert!(take::<f32>(4_999).iter().all(|&number| number == 0.0), "half is too little");
            let again = take::<f32>(9_000);
            assert!(again.len() == 9_000 && again.iter().all(|&number| number == 7.0));
            keep(again);
            let grown = take::<f32>(10_000);
            assert!(grown.len() == 10_000 && grown[8_999] == 7.0 && grown[9_000] == 0.0);
            assert!(take::<f32>(10_000).iter().all(|&number| number == 0.0), "once only");
        })
        .join()
        .expect("no assertion fails");
    }

    #[test]
    fn a_thread_keeps_no_more_than_it_may() {
        std::thread::spawn(|| {
            let each = KEPT / 5 / size_of::<f64>();
            (0..9).for_each(|_| keep(vec![1.0_f64; each]));
            keep(vec![1.0_f64; 2 * KEPT]);
            let kept = f64::spare().with(|spare| spare.borrow().0.len());
            assert_eq!(kept, 5);
        })
        .join()
        .expect("no assertion fails");
    }
}
