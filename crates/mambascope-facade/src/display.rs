//! The last value of a cell, shown by its `Debug` where its type has nothing better.

use crate::frame;
use serde_json::json;
use std::fmt::Debug;

/// Shows anything that has `Debug` as the result of a cell.
///
/// A type's own `evcxr_display` wins over this one. With the trait in scope, the first compilation
/// of a cell that ends in a plain value succeeds; without it evcxr compiles such a cell twice.
pub trait DebugFallback {
    /// Shows the value: in mambascope's kernel, in the stock kernel, or in a terminal.
    fn evcxr_display(&self);
}

impl<T: Debug + ?Sized> DebugFallback for T {
    fn evcxr_display(&self) {
        // The value of a cell that ends in a call made for its effect is no news.
        if std::any::type_name::<T>() == "()" {
            return;
        }
        let text = format!("{self:?}");
        if frame::kernel_listens() {
            frame::send(&json!({"frame": "result", "data": {"text/plain": text}, "metadata": {}}));
        } else {
            frame::plain(&text);
        }
    }
}
