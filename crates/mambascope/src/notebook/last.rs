//! The value that a cell ends with.

use std::any::TypeId;
use std::fmt::{Debug, Display};
use std::marker::PhantomData;
use std::ptr::NonNull;

use candle_core::Tensor;
use mambascope_figure::Figure;
use mambascope_model::Model;

use super::bundle::Bundle;
use super::dialect::Dialect;
use super::display::plain;
use super::frame::{Frame, write};
use crate::effects::Effects;
use crate::record::Record;
use crate::show::{Show, refusal};
use crate::trace::Trace;

/// A value that a notebook cell may end with: whatever has a `Debug`.
///
/// evcxr calls `evcxr_display` on the last value of a cell. Types that have a [`Show`] are shown by it, alone and in a
/// `Result` of this library's or candle's errors; others as `Debug` says. It must be the only trait in scope that has the
/// method: with a second one, whose types overlap, a cell that ends with a `Result` would not compile.
///
/// # Cost
/// Without it evcxr compiles each cell that ends with a value twice, the second time for `Debug`.
pub trait Last {
    /// Shows the value to whoever reads this program's standard output.
    fn evcxr_display(&self);
}

impl<T: Debug + ?Sized> Last for T {
    fn evcxr_display(&self) {
        last(Erased::of(self), &self);
    }
}

/// What is known of the last value once its type is forgotten; so all that a cell compiles is one call.
fn last(value: Erased<'_>, debug: &dyn Debug) {
    if value.as_ref::<()>().is_some() {
        return;
    }
    let shown = SHOWN.iter().find_map(|form| form(value));
    show(&shown.unwrap_or_else(|| Bundle::text(format!("{debug:?}"))));
}

/// Shows what a cell ended with.
fn show(bundle: &Bundle) {
    match Dialect::current() {
        Dialect::Frames => {
            Frame::Result { data: bundle.data(), metadata: &bundle.metadata }.send();
        }
        Dialect::Blocks => write(&blocks(bundle)),
        Dialect::Plain => write(&plain(bundle)),
    }
}

/// # Source
/// The display protocol of evcxr: `EVCXR_BEGIN_CONTENT` with a MIME type, the content, `EVCXR_END_CONTENT`.
fn blocks(bundle: &Bundle) -> String {
    let block = |(mime, content): (&str, &str)| {
        format!("EVCXR_BEGIN_CONTENT {mime}\n{content}\nEVCXR_END_CONTENT\n")
    };
    bundle.forms().map(block).collect()
}

/// A borrowed value whose type is known only by its number.
#[derive(Clone, Copy)]
struct Erased<'a> {
    id: TypeId,
    at: NonNull<()>,
    borrowed: PhantomData<&'a ()>,
}

impl<'a> Erased<'a> {
    fn of<T: ?Sized>(value: &'a T) -> Self {
        Self { id: typeid::of::<T>(), at: NonNull::from(value).cast(), borrowed: PhantomData }
    }

    /// The value, if it is one of these.
    fn as_ref<T: 'static>(self) -> Option<&'a T> {
        // `Any` would ask of every last value that it borrows nothing, and many do: `.iter().max()`.
        #[expect(unsafe_code, reason = "a cast that was checked")]
        // SAFETY: `at` came from a reference that lives for 'a, to a value whose type is T: T has no lifetimes, so no
        // other type has its number, and it is sized, so the pointer to it is whole.
        (self.id == TypeId::of::<T>()).then(|| unsafe { self.at.cast::<T>().as_ref() })
    }
}

type Form = fn(Erased<'_>) -> Option<Bundle>;

/// A value that has a form of its own.
fn own<T: Show + 'static>(value: Erased<'_>) -> Option<Bundle> {
    value.as_ref::<T>().map(Show::bundle)
}

/// A result whose value has a form of its own.
fn result<T: Show + 'static, E: Display + 'static>(value: Erased<'_>) -> Option<Bundle> {
    value.as_ref::<Result<T, E>>().map(Show::bundle)
}

/// A result whose value is shown as `Debug` says, and whose error is an error.
fn failure<T: 'static, E: Display + 'static>(value: Erased<'_>) -> Option<Bundle> {
    value.as_ref::<Result<T, E>>()?.as_ref().err().map(refusal)
}

/// The types, and their results with each of the errors that calls of this library end with.
macro_rules! shown {
    ([$($own:ty),* $(,)?], [$($plain:ty),* $(,)?]) => {
        &[
            $(
                own::<$own>,
                result::<$own, crate::Error>,
                result::<$own, mambascope_model::Error>,
                result::<$own, mambascope_figure::Error>,
                result::<$own, candle_core::Error>,
            )*
            $(
                failure::<$plain, crate::Error>,
                failure::<$plain, mambascope_model::Error>,
                failure::<$plain, mambascope_figure::Error>,
                failure::<$plain, candle_core::Error>,
            )*
        ]
    };
}

const SHOWN: &[Form] = shown!(
    [Figure, Effects, Trace, Model, Record, Tensor],
    [
        (),
        bool,
        f32,
        f64,
        u32,
        usize,
        String,
        Vec<f32>,
        Vec<f64>,
        Vec<u32>,
        Vec<usize>,
        Vec<String>,
        Vec<Vec<f32>>,
        Vec<Vec<f64>>,
        (u32, f64),
        Vec<(String, f64)>,
        crate::Facts,
        crate::npz::Npz,
    ]
);
