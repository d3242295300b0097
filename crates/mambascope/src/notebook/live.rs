//! A display that says how far a run is, and when it will be done.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::bundle::Bundle;
use super::dialect::Dialect;
use super::display::Display;
use super::interrupted;
use crate::until::Sampling;
use crate::watch::{Progress, Watch};

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
    latest: Option<Progress>,
    sampling: Option<Sampling>,
}

impl Live {
    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that panicked while it drew has left nothing half done that matters.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch for Live {
    fn progress(&self, progress: Progress) {
        if self.dialect != Dialect::Frames {
            return;
        }
        let mut state = self.state();
        // Threads tell how far they are in no order.
        let done = state.latest.map_or(0, |latest| latest.cells_done).max(progress.cells_done);
        let progress = Progress { cells_done: done, ..progress };
        state.latest = Some(progress);
        let elapsed = self.began.elapsed();
        if elapsed < PATIENCE || done >= progress.cells {
            return;
        }
        let bundle = moving(&self.name, progress, elapsed, state.sampling);
        match &mut state.shown {
            None => state.shown = Some((Display::of(&bundle), Instant::now())),
            Some((display, at)) if at.elapsed() >= PAUSE => {
                display.update_bundle(&bundle);
                *at = Instant::now();
            }
            Some(_) => {}
        }
    }

    fn sampled(&self, sampling: Sampling) {
        self.state().sampling = Some(sampling);
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
fn moving(name: &str, progress: Progress, elapsed: Duration, sampling: Option<Sampling>) -> Bundle {
    let Progress { cells_done, cells } = progress;
    let left = match cells_done {
        0 => String::new(),
        done => {
            let left = elapsed.as_secs_f64() * (cells - done.min(cells)) as f64 / done as f64;
            format!(", {} left", time(left))
        }
    };
    let samples = sampling.map_or_else(String::new, |sampling| format!("; {sampling}"));
    let words = format!("{cells_done} of {cells} cells{left}{samples}");
    let name = crate::show::escaped(name);
    let html = format!(
        "<div>{name} <progress value=\"{cells_done}\" max=\"{cells}\" style=\"vertical-align:middle;width:16em;\
         accent-color:#7b57c2\"></progress> {words}</div>"
    );
    marked(format!("{name}: {words}")).and("text/html", html)
}

fn final_line(name: &str, latest: Progress, elapsed: Duration) -> String {
    let Progress { cells_done, cells } = latest;
    let time = time(elapsed.as_secs_f64());
    if cells_done >= cells {
        format!("{name}: {cells} cells in {time}")
    } else {
        format!("{name}: stopped after {time}, at {cells_done} of {cells} cells")
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
        let (half, done) =
            (Progress { cells_done: 36, cells: 72 }, Progress { cells_done: 72, cells: 72 });
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
