//! Names to addresses.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Semaphore;

/// Most addresses of one name; a name with more is refused.
pub(crate) const MOST_ADDRESSES: usize = 32;
/// Lookups at a time that the system works on, those included that nobody waits for any more.
const LOOKUPS: usize = 64;

/// An answer under way.
pub type Lookup<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Looks names up. The connector asks once for each call, bounds the wait, and judges whatever is answered.
pub trait Resolver: fmt::Debug + Send + Sync {
    /// The addresses of `name`, in the order in which they should be tried.
    fn resolve<'a>(&'a self, name: &'a str) -> Lookup<'a>;
}

/// The operating system's resolver.
#[derive(Clone, Debug)]
pub struct SystemResolver {
    places: Arc<Semaphore>,
}

impl Default for SystemResolver {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(LOOKUPS)),
        }
    }
}

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Lookup<'a> {
        Box::pin(async move {
            let place = Arc::clone(&self.places).acquire_owned().await;
            let place = place.map_err(io::Error::other)?;
            // The dot keeps the system from trying the name within its own domains first.
            let name = match name.contains('.') {
                true => format!("{name}."),
                false => name.to_owned(),
            };
            // The system's lookup cannot be stopped: it keeps its place until it ends, though the caller may be gone.
            let looked = tokio::spawn(async move {
                let found = tokio::net::lookup_host((name, 0)).await?;
                // One more than allowed shows that there are too many.
                let found = found.map(|a| a.ip()).take(MOST_ADDRESSES + 1).collect();
                drop(place);
                Ok(found)
            });
            looked.await.map_err(io::Error::other)?
        })
    }
}
