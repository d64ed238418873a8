//! The Hugging Face tokenizer: load, encode, decode.

use crate::encoding::OvtEncoding;
use crate::ffi::{Error, Result, caught};
use crate::utf16::push_utf16_spans;
use std::collections::HashSet;
use std::fmt::Display;
use tokenizers::normalizers::{Lowercase, NormalizerWrapper, Sequence};
use tokenizers::{Encoding, PaddingParams, PostProcessor, PostProcessorWrapper, Token, Tokenizer, TruncationDirection};

/// How to encode.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct OvtEncodeOptions {
    /// Longest row in tokens, special tokens counted; 0: no limit.
    pub max_length: usize,
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

    /// Encodes texts one by one. Equal to Hugging Face's `truncation=True, max_length=…` without padding.
    pub fn encode(&self, texts: &[&str], options: &OvtEncodeOptions) -> Result<OvtEncoding> {
        let added = if options.add_special_tokens {
            self.template.len()
        } else {
            0
        };
        check_room(options.max_length, added)?;
        let mut rows = OvtEncoding::with_rows(texts.len());
        for (row, text) in texts.iter().enumerate() {
            self.encode_text(text, added, options, &mut rows)
                .map_err(|error| Error::file(format!("the tokenizer cannot encode the text of row {row}: {error}")))?;
        }
        Ok(rows)
    }

    fn encode_text(
        &self,
        text: &str,
        added: usize,
        options: &OvtEncodeOptions,
        rows: &mut OvtEncoding,
    ) -> tokenizers::Result<()> {
        let mut row = match options.with_offsets {
            true => self.tokenizer.encode(text, false)?,
            false => self.tokenizer.encode_fast(text, false)?,
        };
        let original_count = row.len() + added;
        if options.max_length > 0 && original_count > options.max_length {
            row = self.cut(&row, options.max_length - added);
        }
        if let Some(post_processor) = &self.post_processor {
            row = post_processor.process(row, None, options.add_special_tokens)?;
        }
        rows.ids.extend_from_slice(row.get_ids());
        rows.type_ids.extend_from_slice(row.get_type_ids());
        rows.special_tokens_mask
            .extend(row.get_special_tokens_mask().iter().map(|&special| special as u8));
        if options.with_offsets {
            push_utf16_spans(text, row.get_offsets(), &mut rows.offsets);
        }
        rows.end_row(original_count);
        Ok(())
    }

    /// The first or last `keep` tokens. `Encoding::truncate` would also copy everything that is cut off.
    fn cut(&self, row: &Encoding, keep: usize) -> Encoding {
        let kept = match self.truncation_direction {
            TruncationDirection::Right => 0..keep,
            TruncationDirection::Left => row.len() - keep..row.len(),
        };
        Encoding::new(
            row.get_ids()[kept.clone()].to_vec(),
            row.get_type_ids()[kept.clone()].to_vec(),
            row.get_tokens()[kept.clone()].to_vec(),
            row.get_word_ids()[kept.clone()].to_vec(),
            row.get_offsets()[kept.clone()].to_vec(),
            row.get_special_tokens_mask()[kept.clone()].to_vec(),
            row.get_attention_mask()[kept].to_vec(),
            Vec::new(),
            Default::default(),
        )
    }

    /// Takes rows of exact model input. A row that is too long is cut where the text it came from would be: inside the
    /// template's special tokens, if the row has them.
    pub fn encode_ids(&self, input: &[&[u32]], options: &OvtEncodeOptions) -> Result<OvtEncoding> {
        let mut rows = OvtEncoding::with_rows(input.len());
        for (row, ids) in input.iter().enumerate() {
            self.check_ids(ids, format_args!("row {row}"))?;
            if options.max_length > 0 && ids.len() > options.max_length {
                self.push_cut_ids(ids, options.max_length, &mut rows.ids)?;
            } else {
                rows.ids.extend_from_slice(ids);
            }
            rows.end_row(ids.len());
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

    fn push_cut_ids(&self, ids: &[u32], max_length: usize, out: &mut Vec<u32>) -> Result<()> {
        let prefix = if ids.starts_with(&self.template.prefix) {
            self.template.prefix.as_slice()
        } else {
            &[]
        };
        let content = &ids[prefix.len()..];
        let suffix = if content.ends_with(&self.template.suffix) {
            self.template.suffix.as_slice()
        } else {
            &[]
        };
        let content = &content[..content.len() - suffix.len()];
        check_room(max_length, prefix.len() + suffix.len())?;
        let keep = max_length - prefix.len() - suffix.len();
        out.extend_from_slice(prefix);
        out.extend_from_slice(match self.truncation_direction {
            TruncationDirection::Right => &content[..keep],
            TruncationDirection::Left => &content[content.len() - keep..],
        });
        out.extend_from_slice(suffix);
        Ok(())
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

fn check_room(max_length: usize, special_tokens: usize) -> Result<()> {
    if max_length > 0 && max_length < special_tokens {
        return Err(Error::argument(format!(
            "max_length {max_length} has no room for the {special_tokens} special tokens of a row"
        )));
    }
    Ok(())
}
