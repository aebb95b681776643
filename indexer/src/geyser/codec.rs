//! A gRPC codec of two functions, for streams whose messages are not read into structures on the way.

use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// How one direction's messages are written, and the other's read.
#[derive(Debug)]
pub(crate) struct Wire<E, D> {
    pub(crate) encode: fn(E, &mut EncodeBuf<'_>) -> Result<(), Status>,
    pub(crate) decode: fn(&mut DecodeBuf<'_>) -> Result<D, Status>,
}

impl<E, D> Clone for Wire<E, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, D> Copy for Wire<E, D> {}

impl<E: Send + 'static, D: Send + 'static> Codec for Wire<E, D> {
    type Encode = E;
    type Decode = D;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl<E, D> Encoder for Wire<E, D> {
    type Item = E;
    type Error = Status;

    fn encode(&mut self, item: E, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        (self.encode)(item, out)
    }
}

impl<E, D> Decoder for Wire<E, D> {
    type Item = D;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<D>, Status> {
        (self.decode)(source).map(Some)
    }
}
