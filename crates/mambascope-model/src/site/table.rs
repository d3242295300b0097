//! The table of sites: what each is called, here and by others, and how large it is.

use super::Site;

/// Which sizes of a model a site has for one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extents {
    /// D.
    Width,
    /// E.
    Inner,
    /// E x K.
    Window,
    /// R.
    Rank,
    /// N.
    State,
    /// E x N.
    InnerState,
    /// V.
    Vocabulary,
}

/// One line of the table.
pub(super) struct Line {
    pub(super) name: &'static str,
    pub(super) words: &'static str,
    /// MambaLens first, then the code of arXiv 2404.03646, then the original project.
    pub(super) aliases: &'static [&'static str],
    pub(super) extents: Extents,
}

const fn line(
    name: &'static str,
    words: &'static str,
    aliases: &'static [&'static str],
    extents: Extents,
) -> Line {
    Line { name, words, aliases, extents }
}

impl Site {
    pub(super) const fn line(self) -> Line {
        use Extents::{Inner, InnerState, Rank, State, Vocabulary, Width, Window};
        match self {
            Self::Embed => line("embed", "embedding", &["hook_embed", "embedding"], Width),
            Self::ResidIn => line("resid_in", "incoming residual", &["hook_resid_pre"], Width),
            Self::NormOut => line("norm_out", "norm output", &["hook_normalized_input"], Width),
            Self::ConvIn => {
                line("conv_in", "convolution input", &["hook_in_proj", "ssm_after_up_proj"], Inner)
            }
            Self::GateIn => {
                line("gate_in", "gate input", &["hook_skip", "mlp_after_up_proj"], Inner)
            }
            Self::ConvState => line("conv_state", "convolution state", &[], Window),
            Self::ConvOut => {
                line("conv_out", "convolution output", &["hook_conv", "ssm_after_conv1D"], Inner)
            }
            Self::ScanIn => {
                line("scan_in", "scan input", &["hook_ssm_input", "ssm_after_silu"], Inner)
            }
            Self::DeltaLow => line("delta_low", "low-rank time step", &["hook_delta_1"], Rank),
            Self::Delta => line("delta", "time step", &["hook_delta"], Inner),
            Self::DeltaDecay => line("delta_decay", "time step of the decay", &[], Inner),
            Self::DeltaWrite => line("delta_write", "time step of the write", &[], Inner),
            Self::Decay => line("decay", "decay", &["hook_A_bar"], InnerState),
            Self::B => line("b", "write map", &["hook_B"], State),
            Self::Write => line("write", "write", &[], InnerState),
            Self::C => line("c", "read map", &["hook_C"], State),
            Self::State => line("state", "scan state", &["hook_h", "ssm_state"], InnerState),
            Self::ScanRead => line("scan_read", "scan read", &["hook_y"], Inner),
            Self::ScanOut => {
                line("scan_out", "scan output", &["hook_ssm_output", "ssm_after_ssm"], Inner)
            }
            Self::Gate => line("gate", "gate", &["mlp_after_silu"], Inner),
            Self::Gated => {
                line("gated", "gated scan output", &["hook_after_skip", "before_down_proj"], Inner)
            }
            Self::MixerOut => {
                line("mixer_out", "mixer output", &["hook_out_proj", "after_down_proj"], Width)
            }
            Self::ResidSkip => line("resid_skip", "residual's skip", &[], Width),
            Self::Resid => line("resid", "residual", &["hook_resid_post"], Width),
            Self::FinalNorm => line("final_norm", "final norm", &["hook_norm", "norm_f"], Width),
            Self::Logits => line("logits", "logits", &["hook_logits", "lm_head"], Vocabulary),
        }
    }
}
