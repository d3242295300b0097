//! Token ids, as people write lists.

use std::str::FromStr;

/// Token ids: `1,2,3`, `1 2 3` or `[1, 2, 3]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ids(pub(crate) Vec<u32>);

impl Ids {
    /// The ids of several lists, one after the other.
    pub(crate) fn all(lists: &[Self]) -> Vec<u32> {
        lists.iter().flat_map(|list| list.0.iter().copied()).collect()
    }
}

impl FromStr for Ids {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let inner = text.trim();
        let inner = match (inner.strip_prefix(['[', '(']), inner.strip_suffix([']', ')'])) {
            (Some(_), Some(_)) => &inner[1..inner.len() - 1],
            (None, None) => inner,
            _ => return Err(format!("`{text}` has one bracket of two; write 1,2,3 or [1, 2, 3]")),
        };
        let parts =
            inner.split(|letter: char| matches!(letter, ',' | ';') || letter.is_whitespace());
        let ids: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        if ids.is_empty() {
            return Err("no token id is named; write 1,2,3 or [1, 2, 3]".to_owned());
        }
        let id = |part: &&str| {
            part.parse::<u32>().map_err(|_| {
                format!("`{part}` is no token id, which is a whole number from 0 on; write 1,2,3 or [1, 2, 3]")
            })
        };
        ids.iter().map(id).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn lists_are_read_as_people_write_them() {
        for text in [
            "1,2,3",
            "[1, 2, 3]",
            " 1 2 3 ",
            "1, 2, 3,",
            "[1 2 3]",
            "(1, 2, 3)",
            "1;2;3",
            "1\t2\n3",
            "[1,2,3,]",
        ] {
            assert_eq!(text.parse::<Ids>().map(|ids| ids.0), Ok(vec![1, 2, 3]), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_list_says_what_to_write() {
        for (text, words) in [
            ("[1, 2", "one bracket of two"),
            ("", "no token id is named"),
            ("[]", "no token id is named"),
            ("1,-2", "`-2` is no token id"),
            ("1,2.5", "`2.5` is no token id"),
            ("tensor([1, 2])", "one bracket of two"),
            ("4294967296", "is no token id"),
        ] {
            let said = text.parse::<Ids>().expect_err(text);
            assert!(said.contains(words) && said.contains("[1, 2, 3]"), "{text:?}: {said}");
        }
    }
}
