//! An error in words: each cause said once, the help last.

/// What went wrong, outermost first, and what to write instead.
///
/// An error whose words hold those of its cause names the cause as its source too, so that a chain printed as it stands
/// would say it twice, and behind the help.
pub(crate) fn words(error: &anyhow::Error) -> String {
    let (mut said, mut help): (Vec<String>, Option<String>) = (Vec::new(), None);
    for cause in error.chain() {
        let text = cause.to_string();
        let (what, hint) = match text.split_once("\nhelp: ") {
            Some((what, hint)) => (what.trim(), Some(hint)),
            None => (text.trim(), None),
        };
        let inside = |words: &str| {
            said.iter().any(|said| said.contains(words))
                || help.as_ref().is_some_and(|help| help.contains(words))
        };
        if !what.is_empty() && !inside(what) {
            said.push(what.to_owned());
        }
        // The outermost help knows best what was asked for.
        if help.is_none() {
            help = hint.map(str::to_owned);
        }
    }
    let what = said.join(": ");
    match help {
        Some(help) => format!("{what}\nhelp: {help}"),
        None => what,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::Context as _;

    use super::words;

    fn missing() -> io::Error {
        io::Error::new(io::ErrorKind::NotFound, "No such file or directory (os error 2)")
    }

    #[test]
    fn each_cause_is_said_once_and_the_help_comes_last() {
        let file = mambascope::Error::File { file: "facts.json".into(), source: missing() };
        let error = Err::<(), _>(file).context("cannot trace").expect_err("an error");
        assert_eq!(
            words(&error),
            "cannot trace: facts.json: No such file or directory (os error 2)\nhelp: check the name and the rights"
        );
        let read = mambascope::model::Error::Read { file: "config.json".into(), source: missing() };
        let error = anyhow::Error::from(mambascope::Error::from(read)).context("cannot load x");
        assert_eq!(
            words(&error),
            "cannot load x: cannot read config.json: No such file or directory (os error 2)\nhelp: check that the file \
             is there and may be read"
        );
        let error = anyhow::Error::from(missing()).context("cannot write a.svg");
        assert_eq!(words(&error), "cannot write a.svg: No such file or directory (os error 2)");
    }
}
