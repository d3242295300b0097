//! A value in several forms.

use serde_json::{Map, Value};

/// A value by MIME type, the plainest form first; a notebook shows the richest that it knows.
///
/// # Example
/// ```
/// use mambascope::notebook::Bundle;
/// let bundle = Bundle::text("two").and("text/html", "<b>two</b>");
/// assert_eq!(bundle.get("text/plain"), Some("two"));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bundle {
    forms: Vec<(&'static str, String)>,
    pub(crate) metadata: Map<String, Value>,
}

impl Bundle {
    /// A value that is only text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { forms: vec![("text/plain", text.into())], metadata: Map::new() }
    }

    /// The same with one form more; content of a JSON type is JSON.
    #[must_use]
    pub fn and(&self, mime: &'static str, content: impl Into<String>) -> Self {
        let mut more = self.clone();
        more.forms.push((mime, content.into()));
        more
    }

    /// What is known beside the forms, such as a picture's size.
    #[must_use]
    pub fn note(&self, name: impl Into<String>, value: Value) -> Self {
        let mut more = self.clone();
        more.metadata.insert(name.into(), value);
        more
    }

    /// One form.
    pub fn get(&self, mime: &str) -> Option<&str> {
        self.forms().find(|(name, _)| *name == mime).map(|(_, content)| content)
    }

    /// All forms, the plainest first.
    pub fn forms(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.forms.iter().map(|(mime, content)| (*mime, content.as_str()))
    }

    /// The forms as a Jupyter message holds them.
    pub(crate) fn data(&self) -> Map<String, Value> {
        let value = |mime: &str, content: &str| {
            let json = mime.ends_with("json").then(|| serde_json::from_str(content).ok()).flatten();
            json.unwrap_or_else(|| Value::from(content))
        };
        self.forms().map(|(mime, content)| (mime.to_owned(), value(mime, content))).collect()
    }
}

impl From<Vec<(&'static str, String)>> for Bundle {
    fn from(forms: Vec<(&'static str, String)>) -> Self {
        Self { forms, metadata: Map::new() }
    }
}
