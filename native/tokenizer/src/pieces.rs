//! Which tokens of an input that is too long go into the rows that are made of it.

use crate::ffi::{Error, Result};
use crate::tokenizer::{OvtCut, OvtEncodeOptions};
use std::ops::Range;

/// The content of one row: tokens of the input without its special tokens.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// So many of the input's first tokens are in front.
    pub head: usize,
    /// These follow.
    pub range: Range<usize>,
    /// So many of these the window before has as well.
    pub repeated: usize,
    /// The input has tokens that no row has.
    pub loses: bool,
}

impl Piece {
    /// Whether it is all of an input of so many tokens.
    pub fn is_whole(&self, tokens: usize) -> bool {
        self.range == (0..tokens)
    }

    /// The piece's share of what there is one of for each token.
    pub fn of<T: Clone>(&self, tokens: &[T]) -> Vec<T> {
        [&tokens[..self.head], &tokens[self.range.clone()]].concat()
    }
}

/// How an input is cut. `added` special tokens come on top of each piece.
pub fn pieces(content: &[u32], head: &[u32], added: usize, options: &OvtEncodeOptions) -> Result<Vec<Piece>> {
    let len = content.len();
    let piece = |head, range, repeated, loses| Piece {
        head,
        range,
        repeated,
        loses,
    };
    if options.max_length == 0 || len + added <= options.max_length {
        return Ok(vec![piece(0, 0..len, 0, false)]);
    }
    let room = options.max_length - added;
    if options.cut == OvtCut::End {
        return Ok(vec![piece(0, 0..room, 0, true)]);
    }
    // A prompt's last token may have grown together with the text: then it is the text's.
    let head = content.iter().zip(head).take_while(|(own, given)| own == given).count();
    let room = room.saturating_sub(head);
    if options.cut == OvtCut::Start && (head == 0 || room > 0) {
        return Ok(vec![piece(head, len - room..len, 0, true)]);
    }
    if room == 0 {
        return Err(Error::argument(format!(
            "the {head} tokens of the prompt and {added} special tokens leave no room for a text in {} tokens",
            options.max_length
        )));
    }
    let overlap = options.overlap.min(room / 2);
    let last = (len - head - room).div_ceil(room - overlap);
    let windows = (0..=last).map(|window| {
        let start = head + window * (room - overlap);
        let repeated = if window == 0 { 0 } else { overlap };
        piece(head, start..len.min(start + room), repeated, false)
    });
    Ok(windows.collect())
}
