//! What cells of a notebook do, one at a time: `cells map`, `cells wrong`, `cells display`, `cells panic`, `cells long`,
//! `cells record`, `cells mean`.

use std::thread;
use std::time::{Duration, Instant};

use mambascope::model::Config;
use mambascope::notebook::Old;
use mambascope::prelude::*;
use mambascope::{Progress, Watch as _};

fn main() {
    notebook::begin();
    let trace = Model::tiny().trace([5, 9, 2, 7]).subject(1..3).corrupt(Noise::gaussian(0.5));
    match std::env::args().nth(1).as_deref() {
        Some("map") => trace.restore(..).heatmap().evcxr_display(),
        Some("interactive") => {
            trace.restore(..).heatmap().map(|map| map.interactive()).evcxr_display();
        }
        Some("wrong") => trace.restore(7..).heatmap().evcxr_display(),
        Some("values") => values(&trace),
        Some("display") => {
            let shown = notebook::display("one");
            shown.update("two");
            notebook::clear_output(Old::Waits);
        }
        Some("panic") => panic!("no cell can go on"),
        Some("elsewhere") => {
            let ended = thread::spawn(|| panic!("a thread of its own")).join();
            assert!(ended.is_err());
        }
        Some("record") => record(),
        Some("mean") => mean(&trace),
        _ => long(),
    }
}

/// Values of all kinds, one after the other; the last borrows.
fn values(trace: &Trace) {
    trace.model().evcxr_display();
    trace.evcxr_display();
    trace.restore(..).run().evcxr_display();
    trace.model().record([1, 2], (Site::Gate, 0)).evcxr_display();
    trace.model().logits(&[1, 99]).evcxr_display();
    ().evcxr_display();
    (1, "two").evcxr_display();
    trace.model().name().split('n').collect::<Vec<_>>().iter().max().evcxr_display();
}

/// A run of a second and a half, which an interrupt stops.
fn long() {
    let (run, began) = (notebook::progress("long"), Instant::now());
    for cells_done in 0..150 {
        if run.stopped() {
            return drop(run);
        }
        run.progress(Progress { cells_done: cells_done + 1, cells: 150 });
        thread::sleep(Duration::from_millis(10));
    }
    assert!(began.elapsed() > Duration::from_secs(1));
}

/// A prompt of which a recording takes many seconds.
fn record() {
    let model = Model::random(&Config { layers: 64, ..Config::tiny() }, 1).expect("a sound shape");
    let ids: Vec<u32> = (0..60_000).map(|token| token % 32).collect();
    model.record(ids, Site::Gate).evcxr_display();
}

/// A mean that takes many seconds.
fn mean(trace: &Trace) {
    let prompts = (0..100_000).map(|_| vec![1, 2, 3, 4, 5, 6, 7, 8]);
    trace.restore(Site::State).fill(Fill::mean(prompts)).run().evcxr_display();
}
