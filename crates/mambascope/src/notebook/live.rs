//! A display that says how far a run is, and when it will be done.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mambascope_model::Reading;
use serde_json::Value;

use super::bundle::Bundle;
use super::dialect::Dialect;
use super::display::Display;
use super::interrupted;
use crate::until::Sampling;
use crate::watch::{Progress, Stage, Watch};

/// Shorter runs show nothing.
const PATIENCE: Duration = Duration::from_millis(300);
/// Between two changes of the display.
const PAUSE: Duration = Duration::from_millis(100);
/// What marks the display in the notebook's file, so that it can be told from results.
pub(super) const MARK: &str = "mambascope";

/// Begins to watch a run: `trace.run_watched(&notebook::progress("gate"))`.
///
/// Runs of this library watch themselves; this gives one another name, or serves a loop of one's own through
/// [`Watch::progress`]. When it is dropped one line is left that says how long the run took.
pub fn progress(name: impl Into<String>) -> Live {
    let dialect = Dialect::current();
    Live { name: name.into(), dialect, began: Instant::now(), state: Mutex::default() }
}

/// A run in a notebook: how far it is, drawn at most ten times a second, under the mambascope kernel only. An interrupt
/// stops it.
#[derive(Debug)]
pub struct Live {
    name: String,
    dialect: Dialect,
    began: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    shown: Option<(Display, Instant)>,
    latest: Option<Far>,
    /// When what is counted now was begun.
    since: Option<Instant>,
    sampling: Option<Sampling>,
}

/// How far a run is: so many of so many cells, prompts, layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Far {
    done: usize,
    all: usize,
    noun: &'static str,
}

impl Live {
    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that panicked while it drew has left nothing half done that matters.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    fn tell(&self, far: Far) {
        if self.dialect != Dialect::Frames {
            return;
        }
        let mut state = self.state();
        let before = state.latest.filter(|latest| latest.noun == far.noun);
        if before.is_none() {
            state.since = Some(if state.latest.is_none() { self.began } else { Instant::now() });
        }
        // Threads tell how far they are in no order.
        let done = before.map_or(0, |latest| latest.done).max(far.done);
        let far = Far { done, ..far };
        state.latest = Some(far);
        if self.began.elapsed() < PATIENCE || done >= far.all {
            return;
        }
        let elapsed = state.since.unwrap_or(self.began).elapsed();
        let bundle = moving(&self.name, far, elapsed, state.sampling);
        match &mut state.shown {
            None => state.shown = Some((Display::of(&bundle), Instant::now())),
            Some((display, at)) if at.elapsed() >= PAUSE => {
                display.update_bundle(&bundle);
                *at = Instant::now();
            }
            Some(_) => {}
        }
    }
}

impl Watch for Live {
    fn progress(&self, Progress { cells_done, cells }: Progress) {
        self.tell(Far { done: cells_done, all: cells, noun: "cells" });
    }

    fn stage(&self, stage: Stage, done: usize, all: usize) {
        self.tell(Far { done, all, noun: stage.noun() });
    }

    fn sampled(&self, sampling: Sampling) {
        self.state().sampling = Some(sampling);
    }

    fn stopped(&self) -> bool {
        interrupted()
    }
}

impl Reading for Live {
    fn read(&self, bytes: u64, all: u64) {
        let megabytes = |bytes: u64| bytes.div_ceil(1_000_000) as usize;
        self.stage(Stage::Load, megabytes(bytes), megabytes(all));
    }

    fn stopped(&self) -> bool {
        interrupted()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let elapsed = self.began.elapsed();
        let state = self.state();
        if let (Some((display, _)), Some(latest)) = (&state.shown, state.latest) {
            display.update_bundle(&marked(final_line(&self.name, latest, elapsed)));
        }
    }
}

/// How far a run is and how long it will take, with a bar that has the theme's colours.
fn moving(name: &str, far: Far, elapsed: Duration, sampling: Option<Sampling>) -> Bundle {
    let Far { done, all, noun } = far;
    let left = match done {
        0 => String::new(),
        done => {
            let left = elapsed.as_secs_f64() * (all - done.min(all)) as f64 / done as f64;
            format!(", {} left", time(left))
        }
    };
    let samples = sampling.map_or_else(String::new, |sampling| format!("; {sampling}"));
    let words = format!("{done} of {all} {noun}{left}{samples}");
    let name = crate::show::escaped(name);
    let html = format!(
        "<div>{name} <progress value=\"{done}\" max=\"{all}\" style=\"vertical-align:middle;width:16em;\
         accent-color:#7b57c2\"></progress> {words}</div>"
    );
    marked(format!("{name}: {words}")).and("text/html", html)
}

fn final_line(name: &str, latest: Far, elapsed: Duration) -> String {
    let Far { done, all, noun } = latest;
    let time = time(elapsed.as_secs_f64());
    if done >= all {
        format!("{name}: {all} {noun} in {time}")
    } else {
        format!("{name}: stopped after {time}, at {done} of {all} {noun}")
    }
}

fn marked(text: impl Into<String>) -> Bundle {
    Bundle::text(text).note(MARK, Value::from("progress"))
}

/// Seconds as a person says them.
fn time(seconds: f64) -> String {
    match seconds {
        less if less < 10.0 => format!("{less:.1} s"),
        less if less < 100.0 => format!("{less:.0} s"),
        less if less < 6000.0 => format!("{:.0} min", less / 60.0),
        more => format!("{:.1} h", more / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_how_far_it_is() {
        let far = |done| Far { done, all: 72, noun: "cells" };
        let (half, done) = (far(36), far(72));
        let text = |bundle: &Bundle| bundle.get("text/plain").map(str::to_owned);
        let until = crate::Until::width(0.05);
        let sampling = Sampling { until, samples: 10, wide: 2, widest: Some(0.25) };
        let sampled = moving("trace", half, Duration::from_secs(4), Some(sampling));
        assert_eq!(
            text(&sampled).as_deref(),
            Some(
                "trace: 36 of 72 cells, 4.0 s left; 10 samples, widest interval 0.2500, 2 cells not narrower than 0.05"
            )
        );
        let moving = moving("trace", half, Duration::from_secs(4), None);
        assert_eq!(text(&moving).as_deref(), Some("trace: 36 of 72 cells, 4.0 s left"));
        assert!(
            moving.get("text/html").is_some_and(|html| html.contains("value=\"36\" max=\"72\""))
        );
        let line = |latest| final_line("trace", latest, Duration::from_millis(1450));
        assert_eq!(line(done), "trace: 72 cells in 1.4 s");
        assert_eq!(line(half), "trace: stopped after 1.4 s, at 36 of 72 cells");
        assert_eq!([time(42.4), time(600.0), time(9000.0)], ["42 s", "10 min", "2.5 h"]);
    }
}
