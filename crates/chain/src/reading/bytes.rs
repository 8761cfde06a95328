//! Bytes to text: which encoding, and a reader that yields UTF-8 whatever it was.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use tianyuan_kernel::error::{Error, Result};
use tianyuan_kernel::text::Text;

use super::{Encoding, Open, SAMPLE_BYTES};

/// Finds the encoding. The whole file is looked at: a GBK file may well be plain ASCII for its
/// first megabyte.
///
/// # Errors
/// 422 when it is no text.
pub fn encoding(open: Open<'_>) -> Result<Encoding> {
    let mut reader = open()?;
    let mut buffer = vec![0; SAMPLE_BYTES];
    // Bytes of a character that the block before began.
    let mut held = 0;
    let mut first = true;
    let mut utf8 = true;
    loop {
        let n = fill(&mut reader, &mut buffer[held..])?;
        let block = &buffer[..held + n];
        if first {
            match block {
                [0xff, 0xfe, ..] => return Ok(Encoding::Utf16le),
                [0xfe, 0xff, ..] => return Ok(Encoding::Utf16be),
                _ => {}
            }
            refuse_binary(block)?;
            first = false;
        }
        let valid = match std::str::from_utf8(block) {
            Ok(_) => block.len(),
            // Too short to tell: the next block has the rest.
            Err(error) if error.error_len().is_none() && n > 0 => error.valid_up_to(),
            Err(_) => {
                utf8 = false;
                break;
            }
        };
        if n == 0 {
            break;
        }
        let rest = block.len() - valid;
        buffer.copy_within(valid..valid + rest, 0);
        held = rest;
    }
    Ok(if utf8 {
        Encoding::Utf8
    } else {
        Encoding::Gb18030
    })
}

/// Text has few NULs and control characters; a picture or an archive has many.
fn refuse_binary(head: &[u8]) -> Result<()> {
    let odd = |b: &&u8| **b < 9 || (14..32).contains(*b);
    let count = head.iter().filter(odd).count();
    if count * 50 <= head.len() {
        return Ok(());
    }
    let words = Text::new(
        "这不是文本文件。请上传 CSV、TSV、Excel（.xlsx）、JSON 或 Parquet 文件。",
        "This is no text. Bring a CSV, TSV, Excel (.xlsx), JSON or Parquet file.",
    );
    Err(Error::invalid("not_text", "", words))
}

/// Reads until the buffer is full or the file ends.
pub(crate) fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match reader.read(&mut buffer[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(n)
}

/// Yields UTF-8; what is no character becomes U+FFFD.
pub struct Utf8<R> {
    inner: R,
    decoder: Decoder,
    input: Vec<u8>,
    /// Where the undecoded part of `input` stands.
    pending: std::ops::Range<usize>,
    ended: bool,
    done: bool,
    /// Decoded and not yet handed out: somebody asked for less than the decoder writes at once.
    small: Vec<u8>,
}

/// The decoder writes whole characters only, and wants room for one.
const CHARACTER_BYTES: usize = 8;

impl<R: Read> Utf8<R> {
    /// Decodes from this encoding; a byte order mark is left out.
    pub fn new(inner: R, encoding: Encoding) -> Self {
        let encoding = match encoding {
            Encoding::Utf8 => UTF_8,
            Encoding::Gb18030 => GB18030,
            Encoding::Utf16le => UTF_16LE,
            Encoding::Utf16be => UTF_16BE,
        };
        Self {
            inner,
            decoder: encoding.new_decoder_with_bom_removal(),
            input: vec![0; 64 << 10],
            pending: 0..0,
            ended: false,
            done: false,
            small: Vec::new(),
        }
    }

    fn decode(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.done {
            if self.pending.is_empty() && !self.ended {
                let n = self.inner.read(&mut self.input)?;
                self.pending = 0..n;
                self.ended = n == 0;
            }
            let input = &self.input[self.pending.clone()];
            let (result, read, written, _) = self.decoder.decode_to_utf8(input, out, self.ended);
            self.pending.start += read;
            self.done = self.ended && result == CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.small.is_empty() && out.len() >= CHARACTER_BYTES {
            return self.decode(out);
        }
        if self.small.is_empty() {
            let mut room = [0; 2 * CHARACTER_BYTES];
            let n = self.decode(&mut room)?;
            self.small.extend_from_slice(&room[..n]);
        }
        let n = out.len().min(self.small.len());
        out[..n].copy_from_slice(&self.small[..n]);
        self.small.drain(..n);
        Ok(n)
    }
}
