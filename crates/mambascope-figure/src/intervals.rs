//! Where values may lie: a lower and an upper end for each.

use serde::{Deserialize, Serialize};

/// An interval round each value of a heatmap, and what kind it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intervals {
    /// What the intervals are, for instance `mean ± 1.96 s/√10`; their title in a tooltip.
    pub name: String,
    /// The lower ends, row after row; NaN where there is none.
    #[serde(with = "crate::values")]
    pub low: Vec<f64>,
    /// The upper ends, row after row; NaN where there is none.
    #[serde(with = "crate::values")]
    pub high: Vec<f64>,
}
