//! Files of ROME's program: its kinds, its ranges of tokens, and its stubs.

use std::fmt;

use mambascope_figure::Palette;
use mambascope_model::Site;
use serde::{Deserialize, Serialize};

use crate::at::Window;
use crate::effects::Effects;
use crate::metrics::Metric;
use crate::npz::{Array, Npz, Values};
use crate::plan::{Plan, Subject};
use crate::store::{array, numbers, one, text};
use crate::wavefront::Work;

/// A module of a transformer's layer, as ROME's files name the kind that was restored.
///
/// A Mamba has neither. Effects of one, which [`Effects::open`] reads from a file of ROME's program, stand under the site
/// `mixer_out`, which is what a whole block adds to the residual stream, and are drawn and written under ROME's name.
///
/// # Source
/// `calculate_hidden_flow` and `plot_trace_heatmap` in `experiments/causal_trace.py` of kmeng01/rome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Module {
    /// The feed-forward module, kind `mlp`.
    Mlp,
    /// The attention module, kind `attn`.
    Attention,
}

impl Module {
    const ALL: [Self; 2] = [Self::Mlp, Self::Attention];

    /// The kind in ROME's files.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Mlp => "mlp",
            Self::Attention => "attn",
        }
    }

    /// ROME's colours.
    pub(crate) const fn palette(self) -> Palette {
        match self {
            Self::Mlp => Palette::Greens,
            Self::Attention => Palette::Reds,
        }
    }
}

impl fmt::Display for Module {
    /// The name in ROME's titles.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Mlp => "MLP",
            Self::Attention => "Attn",
        })
    }
}

/// Whether a file is what ROME's program writes where the model's answer was not the expected one: that, and nothing more.
pub(crate) fn is_stub(npz: &Npz) -> bool {
    npz.array("scores").is_none() && one(npz, "correct_prediction") == Ok(0.0)
}

/// The effects of a stub: none.
pub(crate) fn stub() -> Effects {
    let warning =
        "nothing was traced: the file says that the model's answer was not the expected one";
    Effects {
        version: String::new(),
        model: String::new(),
        model_digest: String::new(),
        plan: Plan::new(Vec::new()),
        input_ids: Vec::new(),
        input_tokens: Vec::new(),
        decoded: Vec::new(),
        subject: 0..0,
        more_subjects: Vec::new(),
        notes: Vec::new(),
        captions: Vec::new(),
        answer: String::new(),
        answer_id: 0,
        correct_prediction: false,
        high: f64::NAN,
        low: f64::NAN,
        low_samples: Vec::new(),
        sigma: None,
        noise: None,
        site: Site::Resid,
        module: None,
        window: Window::from(1),
        model_layers: 0,
        tokens: Vec::new(),
        layers: Vec::new(),
        scores: Vec::new(),
        sample_scores: Vec::new(),
        warnings: vec![warning.to_owned()],
        work: Work::default(),
        metric: Metric::Probability,
        normalised: None,
        also: Vec::new(),
        foil: None,
        sampling: None,
    }
}

/// The effects of a file of ROME's program, which knows neither samples nor plan; `rows` and `layers` are those of its scores.
pub(crate) fn read(
    npz: &Npz,
    scores: Vec<f64>,
    rows: usize,
    layers: usize,
) -> Result<Effects, String> {
    let ids: Vec<u32> = numbers(npz, "input_ids")?.iter().map(|&id| id as u32).collect();
    let Some(Values::Text(input_tokens)) = npz.array("input_tokens").map(Array::values) else {
        return Err("`input_tokens` holds no texts".to_owned());
    };
    let length = ids.len();
    if input_tokens.len() != length {
        return Err(format!(
            "`input_ids` has {length} tokens and `input_tokens` has {}",
            input_tokens.len()
        ));
    }
    let subject = match numbers(npz, "subject_range")?.as_slice() {
        &[start, end] if start >= 0.0 && start < end && end as usize <= length => {
            start as usize..end as usize
        }
        _ => return Err("`subject_range` is no range of the prompt".to_owned()),
    };
    let mut warnings = vec![
        "read from a file that names neither its samples, nor its plan, nor its answer's token"
            .to_owned(),
    ];
    let tokens = match rows {
        _ if rows == length => (0..length).collect(),
        1 => {
            let last = subject.end - 1;
            warnings.push(format!(
                "the file has scores of one token and does not name it; it is taken for the subject's last, token {last}, \
                 the only one that ROME's program traces alone"
            ));
            vec![last]
        }
        _ => return Err(format!("`scores` has {rows} rows for a prompt of {length} tokens")),
    };
    let (site, module) = kind(npz)?;
    if let Some(module) = module {
        warnings.push(format!(
            "kind `{}` is a transformer's module, which no Mamba has; it stands under the site mixer_out",
            module.kind()
        ));
    }
    let mut plan = Plan::new(ids.clone());
    plan.subject = Subject::Tokens(subject.clone());
    // For a single state the file names the window that its modules would have had.
    let is_whole = site == Site::Resid && module.is_none();
    let window = if is_whole { 1 } else { one(npz, "window").unwrap_or(1.0) as usize };
    // Files of the notebooks with severed modules have no such key: those trace whatever the model says.
    let correct_prediction = match npz.array("correct_prediction") {
        Some(_) => one(npz, "correct_prediction")? != 0.0,
        None => true,
    };
    Ok(Effects {
        plan,
        input_tokens: input_tokens.clone(),
        decoded: input_tokens.clone(),
        input_ids: ids,
        subject,
        answer: text(npz, "answer")?,
        correct_prediction,
        high: one(npz, "high_score")?,
        low: one(npz, "low_score")?,
        site,
        module,
        window: Window::from(window),
        model_layers: layers,
        tokens,
        layers: (0..layers).collect(),
        scores,
        warnings,
        ..stub()
    })
}

/// The site of ROME's `kind`: of the whole state an empty text, `None` as a text, or, in older files, a pickled `None`,
/// which is recognised by not being a text and never unpickled.
fn kind(npz: &Npz) -> Result<(Site, Option<Module>), String> {
    let Values::Text(texts) = array(npz, "kind")?.values() else { return Ok((Site::Resid, None)) };
    let kind = texts.first().map_or("", String::as_str);
    if let Some(module) = Module::ALL.into_iter().find(|module| module.kind() == kind) {
        return Ok((Site::MixerOut, Some(module)));
    }
    match kind {
        "" | "None" => Ok((Site::Resid, None)),
        _ => {
            let site = kind.parse().map_err(|_| {
                format!("its kind is `{kind}`, which is neither ROME's (none, mlp, attn) nor a site of Mamba")
            })?;
            Ok((site, None))
        }
    }
}
