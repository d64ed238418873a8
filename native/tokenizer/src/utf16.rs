//! Byte offsets in UTF-8 text as offsets in UTF-16 code units, which is how JavaScript indexes strings.

/// The offsets of one text.
pub struct Utf16Offsets<'a> {
    text: &'a str,
    /// See units_before; none where bytes are units.
    units: Option<Vec<u32>>,
}

impl<'a> Utf16Offsets<'a> {
    pub fn of(text: &'a str) -> Self {
        let units = (!text.is_ascii()).then(|| units_before(text));
        Self { text, units }
    }

    /// Converts (start, end) byte spans into UTF-16 spans, appended to `out` as start, end, start, end, …
    ///
    /// A byte-level tokenizer may cut inside a character; such a span is widened to whole characters, so that slicing the
    /// text never splits a surrogate pair.
    pub fn push_spans(&self, spans: &[(usize, usize)], out: &mut Vec<u32>) {
        match &self.units {
            None => out.extend(spans.iter().flat_map(|&(start, end)| [start as u32, end as u32])),
            Some(units) => out.extend(
                spans
                    .iter()
                    .flat_map(|&(start, end)| [units[start], units[char_boundary_from(self.text, end)]]),
            ),
        }
    }
}

/// For every byte position up to and including the end: the UTF-16 units before the character that the byte is in.
fn units_before(text: &str) -> Vec<u32> {
    let mut table = Vec::with_capacity(text.len() + 1);
    let mut units = 0;
    for character in text.chars() {
        table.extend(std::iter::repeat_n(units, character.len_utf8()));
        units += character.len_utf16() as u32;
    }
    table.push(units);
    table
}

fn char_boundary_from(text: &str, position: usize) -> usize {
    (position..text.len())
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(text: &str, spans: &[(usize, usize)]) -> Vec<u32> {
        let mut out = Vec::new();
        Utf16Offsets::of(text).push_spans(spans, &mut out);
        out
    }

    #[test]
    fn ascii_is_unchanged() {
        assert_eq!(convert("abc d", &[(0, 3), (4, 5), (0, 0)]), [0, 3, 4, 5, 0, 0]);
    }

    #[test]
    fn counts_surrogate_pairs_as_two() {
        // a (1 byte, 1 unit), é (2, 1), 中 (3, 1), 😀 (4, 2)
        assert_eq!(
            convert("aé中😀", &[(0, 1), (1, 3), (3, 6), (6, 10), (10, 10)]),
            [0, 1, 1, 2, 2, 3, 3, 5, 5, 5]
        );
    }

    #[test]
    fn widens_spans_that_cut_a_character() {
        assert_eq!(convert("a😀b", &[(2, 3), (1, 4), (4, 6)]), [1, 3, 1, 3, 1, 4]);
    }
}
