//! The Hugging Face tokenizer: load, encode, decode.

use crate::encoding::OvtEncoding;
use crate::ffi::{Error, Result, borrow_slice, caught};
use crate::pieces::{Piece, pieces};
use crate::utf16::Utf16Offsets;
use std::collections::HashSet;
use std::fmt::Display;
use tokenizers::normalizers::{Lowercase, NormalizerWrapper, Sequence};
use tokenizers::{Encoding, PaddingParams, PostProcessor, PostProcessorWrapper, Token, Tokenizer, TruncationDirection};

/// What becomes of an input that has more tokens than `max_length`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OvtCut {
    /// Its last tokens go.
    End,
    /// Its first tokens go, those of the head stay.
    Start,
    /// It becomes several rows, each with the head in front: nothing goes.
    Windows,
}

/// How to encode.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct OvtEncodeOptions {
    /// Longest row in tokens, special tokens counted; 0: no limit.
    pub max_length: usize,
    /// What becomes of longer ones. Special tokens of the template stay at the ends of each row.
    pub cut: OvtCut,
    /// Tokens that a window repeats of the one before it; more than half of its own are not.
    pub overlap: usize,
    /// [head_len] ids, without special tokens, of what texts begin with, such as a prompt. The head of a text is as much of
    /// this as its own tokens begin with. NULL if there is none.
    pub head: *const u32,
    pub head_len: usize,
    /// Whether the tokenizer's template (such as [CLS] … [SEP]) is applied to texts. Rows given as ids are model input
    /// already and are taken as they are.
    pub add_special_tokens: bool,
    /// Whether offsets are wanted. Without them encoding is faster.
    pub with_offsets: bool,
}

/// A tokenizer. Immutable, so that any number of threads may use it at once. Owned by the caller: ovt_tokenizer_free.
pub struct OvtTokenizer {
    /// Without truncation, padding and post-processor: a row is cut between tokenising and post-processing, and a
    /// post-processor must run only once (a second run of byte-level offset trimming would trim again).
    tokenizer: Tokenizer,
    post_processor: Option<PostProcessorWrapper>,
    template: Template,
    special_ids: HashSet<u32>,
    vocab_size: usize,
    truncation_direction: TruncationDirection,
    padding: Option<PaddingParams>,
}

/// The special tokens that the post-processor puts around a single text.
#[derive(Debug, Default, PartialEq, Eq)]
struct Template {
    prefix: Vec<u32>,
    suffix: Vec<u32>,
}

impl Template {
    /// Found by post-processing one content token, which works for every kind of post-processor.
    fn of(post_processor: Option<&PostProcessorWrapper>) -> tokenizers::Result<Self> {
        let Some(post_processor) = post_processor else {
            return Ok(Self::default());
        };
        let content = Encoding::from_tokens(vec![Token::new(0, String::new(), (0, 0))], 0);
        let row = post_processor.process(content, None, true)?;
        let is_content = |&special: &u32| special == 0;
        let mask = row.get_special_tokens_mask();
        let (Some(first), Some(last)) = (mask.iter().position(is_content), mask.iter().rposition(is_content)) else {
            return Err("the post-processor drops the text".into());
        };
        Ok(Self {
            prefix: row.get_ids()[..first].to_vec(),
            suffix: row.get_ids()[last + 1..].to_vec(),
        })
    }

    fn len(&self) -> usize {
        self.prefix.len() + self.suffix.len()
    }

    /// A row's special tokens in front, what is between, and those at the end; what the row does not have is empty.
    fn split<'a>(&self, ids: &'a [u32]) -> (&'a [u32], &'a [u32], &'a [u32]) {
        let prefix = if ids.starts_with(&self.prefix) {
            self.prefix.len()
        } else {
            0
        };
        let (prefix, rest) = ids.split_at(prefix);
        let suffix = if rest.ends_with(&self.suffix) {
            self.suffix.len()
        } else {
            0
        };
        let (content, suffix) = rest.split_at(rest.len() - suffix);
        (prefix, content, suffix)
    }
}

/// Lower-cases before all other normalisation. Nothing is done where a Lowercase is among the normalizers already: the
/// rule of sentence-transformers, by which the `lowercase` of a BertNormalizer does not count.
fn lower_case_first(tokenizer: &mut Tokenizer) -> tokenizers::Result<()> {
    let own = match tokenizer.get_normalizer() {
        None => vec![],
        Some(NormalizerWrapper::Sequence(sequence)) => sequence.as_ref().to_vec(),
        Some(single) => vec![single.clone()],
    };
    if own
        .iter()
        .any(|normalizer| matches!(normalizer, NormalizerWrapper::Lowercase(_)))
    {
        return Ok(());
    }
    let first = std::iter::once(NormalizerWrapper::Lowercase(Lowercase));
    tokenizer.with_normalizer(Some(Sequence::new(first.chain(own).collect())))?;
    Ok(())
}

impl OvtTokenizer {
    /// Loads a tokenizer.json. Its truncation and padding sections are defaults of the file's author, not part of how
    /// the model sees text: they are switched off, and the padding and the direction of truncation stay known.
    ///
    /// `lower_case` puts a Lowercase normalizer in front, as sentence-transformers does for `do_lower_case: true`.
    pub fn from_json(json: &[u8], lower_case: bool) -> Result<Self> {
        // The crate panics on some malformed sections, which is no less the file's fault than an error is.
        let loaded = caught(|| Self::load(json, lower_case)).unwrap_or_else(|said| Err(said.into()));
        loaded.map_err(|error| Error::file(format!("not a usable tokenizer.json: {error}")))
    }

    fn load(json: &[u8], lower_case: bool) -> tokenizers::Result<Self> {
        let mut tokenizer = Tokenizer::from_bytes(json)?;
        if lower_case {
            lower_case_first(&mut tokenizer)?;
        }
        let truncation_direction = tokenizer
            .get_truncation()
            .map(|params| params.direction)
            .unwrap_or_default();
        let padding = tokenizer.get_padding().cloned();
        let post_processor = tokenizer.get_post_processor().cloned();
        tokenizer.with_truncation(None)?;
        tokenizer
            .with_padding(None)
            .with_post_processor(None::<PostProcessorWrapper>);

        let template = Template::of(post_processor.as_ref())?;
        let added = tokenizer.get_added_tokens_decoder();
        let declared_special = added.iter().filter(|(_, token)| token.special).map(|(&id, _)| id);
        let special_ids = declared_special
            .chain(template.prefix.iter().chain(&template.suffix).copied())
            .collect();
        // Not the number of tokens: ids may have gaps, and the largest one is what an embedding table has to hold.
        let vocab_size = tokenizer
            .get_vocab(true)
            .into_values()
            .max()
            .map_or(0, |id| id as usize + 1);
        Ok(Self {
            tokenizer,
            post_processor,
            template,
            special_ids,
            vocab_size,
            truncation_direction,
            padding,
        })
    }

    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    pub fn padding(&self) -> Option<&PaddingParams> {
        self.padding.as_ref()
    }

    /// Where the file's own truncation cuts.
    pub fn cut(&self) -> OvtCut {
        match self.truncation_direction {
            TruncationDirection::Right => OvtCut::End,
            TruncationDirection::Left => OvtCut::Start,
        }
    }

    /// Encodes texts one by one. Equal to Hugging Face's `truncation=True, max_length=…` without padding, where there is no
    /// head and there are no windows.
    pub fn encode(&self, texts: &[&str], options: &OvtEncodeOptions) -> Result<OvtEncoding> {
        let added = if options.add_special_tokens {
            self.template.len()
        } else {
            0
        };
        check_room(options.max_length, added)?;
        let head = unsafe { borrow_slice(options.head, options.head_len, "head") }?;
        let mut rows = OvtEncoding::with_rows(texts.len());
        for (input, text) in texts.iter().enumerate() {
            let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
                Error::file(format!("the tokenizer cannot encode the text of row {input}: {error}"))
            };
            let whole = match options.with_offsets {
                true => self.tokenizer.encode(*text, false),
                false => self.tokenizer.encode_fast(*text, false),
            };
            let mut whole = whole.map_err(failed)?;
            let offsets = options.with_offsets.then(|| Utf16Offsets::of(text));
            let original_count = whole.len() + added;
            for piece in pieces(whole.get_ids(), head, added, options)? {
                let content = if piece.is_whole(whole.len()) {
                    std::mem::take(&mut whole)
                } else {
                    cut(&whole, &piece)
                };
                let row = self.post_process(content, options.add_special_tokens).map_err(failed)?;
                rows.ids.extend_from_slice(row.get_ids());
                rows.type_ids.extend_from_slice(row.get_type_ids());
                rows.special_tokens_mask
                    .extend(row.get_special_tokens_mask().iter().map(|&special| special as u8));
                if let Some(offsets) = &offsets {
                    offsets.push_spans(row.get_offsets(), &mut rows.offsets);
                }
                let prefix = if added > 0 { self.template.prefix.len() } else { 0 };
                rows.end_row(input, original_count, prefix, &piece);
            }
        }
        Ok(rows)
    }

    fn post_process(&self, content: Encoding, add_special_tokens: bool) -> tokenizers::Result<Encoding> {
        match &self.post_processor {
            Some(post_processor) => post_processor.process(content, None, add_special_tokens),
            None => Ok(content),
        }
    }

    /// Takes rows of exact model input. A row that is too long is cut where the text it came from would be: inside the
    /// template's special tokens, if the row has them. Ids have no head.
    pub fn encode_ids(&self, input: &[&[u32]], options: &OvtEncodeOptions) -> Result<OvtEncoding> {
        let mut rows = OvtEncoding::with_rows(input.len());
        for (row, ids) in input.iter().enumerate() {
            self.check_ids(ids, format_args!("row {row}"))?;
            let (prefix, content, suffix) = self.template.split(ids);
            let added = prefix.len() + suffix.len();
            if ids.len() > options.max_length {
                check_room(options.max_length, added)?;
            }
            for piece in pieces(content, &[], added, options)? {
                rows.ids.extend_from_slice(prefix);
                rows.ids.extend(piece.of(content));
                rows.ids.extend_from_slice(suffix);
                rows.end_row(row, ids.len(), prefix.len(), &piece);
            }
        }
        rows.special_tokens_mask = rows
            .ids
            .iter()
            .map(|id| u8::from(self.special_ids.contains(id)))
            .collect();
        rows.type_ids = vec![0; rows.ids.len()];
        rows.offsets = vec![0; if options.with_offsets { 2 * rows.ids.len() } else { 0 }];
        Ok(rows)
    }

    /// The text of token ids, as the tokenizer's decoder writes it.
    pub fn decode(&self, ids: &[u32], skip_special_tokens: bool) -> Result<String> {
        self.check_ids(ids, "the ids to decode")?;
        let decoded = self.tokenizer.decode(ids, skip_special_tokens);
        decoded.map_err(|error| Error::file(format!("the tokenizer cannot decode the ids: {error}")))
    }

    fn check_ids(&self, ids: &[u32], place: impl Display) -> Result<()> {
        match ids.iter().position(|&id| id as usize >= self.vocab_size) {
            None => Ok(()),
            Some(position) => Err(Error::argument(format!(
                "token id {} at position {position} of {place} is outside the vocabulary of {} tokens",
                ids[position], self.vocab_size
            ))),
        }
    }
}

/// A piece of a text. `Encoding::truncate` would also copy everything that is cut off.
fn cut(whole: &Encoding, piece: &Piece) -> Encoding {
    Encoding::new(
        piece.of(whole.get_ids()),
        piece.of(whole.get_type_ids()),
        piece.of(whole.get_tokens()),
        piece.of(whole.get_word_ids()),
        piece.of(whole.get_offsets()),
        piece.of(whole.get_special_tokens_mask()),
        piece.of(whole.get_attention_mask()),
        Vec::new(),
        Default::default(),
    )
}

fn check_room(max_length: usize, special_tokens: usize) -> Result<()> {
    if max_length > 0 && max_length < special_tokens {
        return Err(Error::argument(format!(
            "max_length {max_length} has no room for the {special_tokens} special tokens of a row"
        )));
    }
    Ok(())
}
