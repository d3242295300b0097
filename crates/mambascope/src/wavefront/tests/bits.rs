//! A cell has the bits that it has whichever other tokens and layers are asked for.

use super::patches::said;
use super::*;
use crate::Effects;

/// Whether each cell of a part of a grid has the bits that it has in all of it, and so have the runs it is compared with.
fn same_bits(whole: &Effects, part: &Effects) -> bool {
    let bits = |effects: &Effects, token, layer| -> Vec<u64> {
        let score = effects.score(token, layer).into_iter();
        score.chain(effects.samples(token, layer)).map(f64::to_bits).collect()
    };
    let cells =
        part.tokens().iter().flat_map(|&token| part.layers().iter().map(move |l| (token, *l)));
    let runs = |effects: &Effects| -> Vec<u64> {
        let low = effects.low_samples().iter().copied();
        low.chain([effects.high()]).map(f64::to_bits).collect()
    };
    runs(whole) == runs(part)
        && cells
            .into_iter()
            .all(|(token, layer)| bits(whole, token, layer) == bits(part, token, layer))
}

/// The same of the grid's tokens and layers in these runs.
fn part_of(trace: &Trace, tokens: Range<usize>, layers: Range<usize>) -> Trace {
    let site = trace.plan().restore.as_ref().expect("a restore").at.site;
    let layers = if site == Site::Embed { 0..1 } else { layers };
    trace.restore((site, layers)).tokens(tokens)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_part_of_a_grid_has_the_bits_of_the_whole(said in said(), ends in any::<[u8; 4]>()) {
        let model = Model::random(&said.config, said.model_seed).expect("a sound shape");
        let whole = said.trace(&model).run().expect("a run");
        let run = |count: usize, first: u8, width: u8| {
            let first = first as usize % count;
            first..first + 1 + width as usize % (count - first)
        };
        let tokens = run(whole.tokens().len(), ends[0], ends[1]);
        let layers = run(said.config.layers, ends[2], ends[3]);
        let part = part_of(&said.trace(&model), tokens, layers);
        // A part that nothing can differ in is refused.
        prop_assume!(!part.explain().contains("all restored tokens come before"));
        let part = part.run().expect("a run");
        prop_assert!(same_bits(&whole, &part), "{}", said.trace(&model).explain());
    }
}

#[test]
fn every_site_of_fewer_layers_has_the_bits_of_all() {
    let config = Config { layers: 5, ..Config::tiny() };
    let fast = Model::random(&config, 3).expect("a sound shape");
    let references = [Compute::Reference32, Compute::Reference64];
    let others = references.map(|compute| fast.computed(compute).expect("packed"));
    for model in std::iter::once(&fast).chain(&others) {
        let noise = Noise::gaussian(0.4).samples(3);
        let noisy = model.trace([3, 1, 4, 1, 5, 9, 2]).subject(2..4).corrupt(noise);
        for site in &Site::ALL[..RESTORABLE] {
            let windows = if *site == Site::Embed { &[1][..] } else { &[1, 3] };
            for &window in windows {
                let trace = noisy.restore(*site).window(window);
                let whole = trace.run().expect("a run");
                for (tokens, layers) in
                    [(0..7, 3..4), (0..7, 0..2), (3..4, 0..5), (6..7, 4..5), (2..5, 1..3)]
                {
                    let part =
                        part_of(&trace, tokens.clone(), layers.clone()).run().expect("a run");
                    assert!(
                        same_bits(&whole, &part),
                        "{site}, window {window}, {tokens:?}, {layers:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn all_sites_are_compared_with_the_same_runs() {
    let model = Model::random(&Config::tiny(), 3).expect("a sound shape");
    let noisy = model.trace([3, 1, 4, 1, 5]).subject(1..3).corrupt(Noise::gaussian(0.4).samples(2));
    let runs = |site: Site| {
        let effects = noisy.restore(site).window(1).run().expect("a run");
        (effects.high().to_bits(), effects.low().to_bits())
    };
    for &site in &Site::ALL[..RESTORABLE] {
        assert_eq!(runs(site), runs(Site::Resid), "{site}");
    }
}
