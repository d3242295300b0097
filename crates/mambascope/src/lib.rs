//! Where and how Mamba language models store and recall facts.
//!
//! A [`Trace`] is a model and a [`Plan`]; [`Trace::run`] gives [`Effects`], numbers with labels; [`Trace::heatmap`] a
//! [`Figure`], a picture as data.
//!
//! # Example
//! ```
//! use mambascope::prelude::*;
//! let model = Model::tiny();
//! let noisy = model.trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
//! let effects = noisy.restore(Site::MixerOut).window(3).run()?;
//! println!("{effects}");
//! # Ok::<(), Error>(())
//! ```

mod at;
mod attention;
pub mod bench;
mod caption;
mod check;
mod corrupt;
mod decompose;
mod effects;
mod elsewhere;
mod error;
mod explain;
mod facts;
mod fill;
mod guess;
mod interaction;
mod json;
mod knock_out;
mod measured;
pub mod metrics;
pub mod notebook;
pub mod npz;
mod original;
mod plan;
mod precision;
mod prompts;
pub mod random;
mod record;
mod rome;
mod save;
mod sever;
mod show;
pub mod stats;
mod store;
mod swap;
mod tapped;
mod together;
mod trace;
mod uncertainty;
mod until;
mod watch;
mod wavefront;

pub use at::{At, Convention, Ends, Extent, TokenSet, Window};
pub use attention::{HiddenAttention, Through};
pub use check::Problem;
pub use corrupt::multivariate;
pub use corrupt::{Corruption, Distribution, Noise, Placement, Scale};
pub use decompose::{Confirmed, Decomposition, StateCell};
pub use effects::Effects;
pub use elsewhere::{Elsewhere, Run};
pub use error::Error;
pub use facts::Facts;
pub use fill::Fill;
pub use guess::Guess;
pub use interaction::Interaction;
pub use knock_out::{Channels, Knock, KnockOut, Knocked, Pair, Sources};
pub use mambascope_figure as figure;
pub use mambascope_figure::Figure;
pub use mambascope_model as model;
pub use mambascope_model::{Compute, Lanes, Model, Removal, Rest, Site, Source, Timing};
pub use metrics::{Metric, Normalisation};
pub use original::Original;
pub use plan::{Answer, Bos, Direction, Occurrence, PLAN_VERSION, Plan, Prompt, Restore, Subject};
pub use precision::Precision;
pub use record::Record;
pub use rome::Module;
pub use sever::{Sever, Stream};
pub use show::Show;
pub use swap::{Alternative, Other, Swap, swap};
pub use together::{Together, together};
pub use trace::{Scope, Trace};
pub use until::{Sampling, Until};
pub use watch::{Progress, Stage, Unwatched, Watch};
pub use wavefront::Work;

/// All that a notebook needs: `use mambascope::prelude::*;`.
pub mod prelude {
    pub use crate::TokenSet::{All, Last, Relation, Subject, SubjectFirst, SubjectLast};
    pub use crate::notebook::{self, Last as _};
    pub use crate::{
        Answer, At, Bos, Channels, Compute, Corruption, Direction, Effects, Elsewhere, Ends, Error,
        Facts, Figure, Fill, Guess, KnockOut, Knocked, Lanes, Metric, Model, Noise, Normalisation,
        Original, Other, Plan, Record, Removal, Rest, Scope, Sever, Show, Site, Sources, Stream,
        Swap, Through, Timing, Together, TokenSet, Trace, Until, Window, swap, together,
    };
}
