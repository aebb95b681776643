//! The wire format of a transaction (legacy and v0), as base64 and base58 encodings of getBlock carry it.

use crate::chain::{Instruction, Pubkey, Signature};

/// What a serialised transaction states by itself.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) signature: Signature,
    pub(super) version: i8,
    pub(super) signers: u8,
    pub(super) keys: Vec<Pubkey>,
    pub(super) instructions: Vec<Instruction>,
}

/// Reads a serialised transaction.
pub(super) fn parse(bytes: &[u8]) -> Result<Body, String> {
    let mut reader = Reader { rest: bytes };
    let signatures = reader.length()?;
    if signatures == 0 {
        return Err("a transaction without signature".into());
    }
    let signature = reader.array::<64>()?;
    for _ in 1..signatures {
        reader.array::<64>()?;
    }
    let first = reader.byte()?;
    let (version, signers) = match first {
        0x80 => (0, reader.byte()?),
        legacy if legacy & 0x80 == 0 => (-1, legacy),
        other => {
            return Err(format!(
                "message version {} in base64 is not supported (ask for the json encoding)",
                other & 0x7f
            ));
        }
    };
    reader.take(2)?;
    let keys = reader.list(Reader::array::<32>)?;
    reader.take(32)?;
    let instructions = reader.list(|reader| {
        Ok(Instruction {
            program: reader.byte()?,
            accounts: reader.bytes()?,
            data: reader.bytes()?,
            stack_height: Some(1),
        })
    })?;
    if version == 0 {
        reader.list(|reader| {
            reader.take(32)?;
            reader.bytes()?;
            reader.bytes().map(drop)
        })?;
    }
    if !reader.rest.is_empty() {
        return Err(format!("{} bytes after the transaction", reader.rest.len()));
    }
    if usize::from(signers) > keys.len() {
        return Err(format!("{signers} signers among {} keys", keys.len()));
    }
    Ok(Body {
        signature,
        version,
        signers,
        keys,
        instructions,
    })
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (head, tail) = self.rest.split_at_checked(count).ok_or_else(|| {
            format!(
                "the transaction ends {} bytes early",
                count - self.rest.len()
            )
        })?;
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.array::<1>()?[0])
    }

    /// A compact-u16 length: 7 bits a byte, at most three bytes.
    fn length(&mut self) -> Result<usize, String> {
        let mut value = 0_usize;
        for shift in [0, 7, 14] {
            let byte = self.byte()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a length of more than three bytes".into())
    }

    fn bytes(&mut self) -> Result<Vec<u8>, String> {
        let count = self.length()?;
        Ok(self.take(count)?.to_vec())
    }

    /// Grows as items are read, so a hostile count costs nothing.
    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T, String>) -> Result<Vec<T>, String> {
        let count = self.length()?;
        let mut out = Vec::new();
        for _ in 0..count {
            out.push(item(self)?);
        }
        Ok(out)
    }
}
