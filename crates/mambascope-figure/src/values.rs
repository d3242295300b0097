//! Values in JSON, which has no NaN and no infinity: `null` for a cell not computed, `"inf"` and `"-inf"`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Cell {
    Number(f64),
    Endless(Endless),
    NotComputed,
}

#[derive(Serialize, Deserialize)]
enum Endless {
    #[serde(rename = "inf")]
    Above,
    #[serde(rename = "-inf")]
    Below,
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        match value {
            f64::INFINITY => Cell::Endless(Endless::Above),
            f64::NEG_INFINITY => Cell::Endless(Endless::Below),
            value if value.is_nan() => Cell::NotComputed,
            value => Cell::Number(value),
        }
    }
}

impl From<Cell> for f64 {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Number(value) => value,
            Cell::Endless(Endless::Above) => f64::INFINITY,
            Cell::Endless(Endless::Below) => f64::NEG_INFINITY,
            Cell::NotComputed => f64::NAN,
        }
    }
}

pub(crate) fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|value| Cell::from(*value)))
}

pub(crate) fn deserialize<'de, D>(deserializer: D) -> Result<Vec<f64>, D::Error>
where
    D: Deserializer<'de>,
{
    let cells = Vec::<Cell>::deserialize(deserializer)?;
    Ok(cells.into_iter().map(f64::from).collect())
}

/// The same for one value.
pub(crate) mod one {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Cell;

    // serde hands over a reference.
    #[expect(clippy::trivially_copy_pass_by_ref)]
    pub(crate) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        Cell::from(*value).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Cell::deserialize(deserializer).map(f64::from)
    }
}
