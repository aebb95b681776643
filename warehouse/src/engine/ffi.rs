//! The C interface of `libchdb`, and the only unsafe code of the workspace.
//!
//! Everything outside this file sees safe types: a [`Library`] that is never unloaded, a [`Connection`]
//! that is used by one thread at a time, and streams that borrow their connection.
#![allow(unsafe_code)] // A C library can be called no other way; each block states why it is sound.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::mem::ManuallyDrop;
use std::path::Path;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;

/// `chdb_connection`: an opaque handle. `chdb_connect` returns a pointer to one.
type Handle = *mut c_void;
type RawResult = *mut c_void;
type RawInsert = *mut c_void;

type QueryWithParams = unsafe extern "C" fn(
    Handle,
    *const c_char,
    usize,
    *const c_char,
    usize,
    *const *const c_char,
    *const usize,
    *const *const c_char,
    *const usize,
    usize,
) -> RawResult;

/// What `chdb_classify_query_n` fills in; the first field tells the engine how much room there is.
#[repr(C)]
struct RawAnalysis {
    struct_size: u32,
    statement_count: u32,
    flags: u32,
    query_class: u32,
}

/// The functions used, resolved once. The shared object behind them is never unloaded.
struct Api {
    set_signal_handlers_enabled: unsafe extern "C" fn(c_int),
    connect: unsafe extern "C" fn(c_int, *mut *mut c_char) -> *mut Handle,
    close_conn: unsafe extern "C" fn(*mut Handle),
    query: QueryWithParams,
    stream_query: QueryWithParams,
    stream_fetch: unsafe extern "C" fn(Handle, RawResult) -> RawResult,
    stream_cancel: unsafe extern "C" fn(Handle, RawResult),
    destroy_result: unsafe extern "C" fn(RawResult),
    result_buffer: unsafe extern "C" fn(RawResult) -> *mut c_char,
    result_length: unsafe extern "C" fn(RawResult) -> usize,
    result_error: unsafe extern "C" fn(RawResult) -> *const c_char,
    result_rows_read: unsafe extern "C" fn(RawResult) -> u64,
    result_storage_rows_read: unsafe extern "C" fn(RawResult) -> u64,
    result_storage_bytes_read: unsafe extern "C" fn(RawResult) -> u64,
    result_rows_written: unsafe extern "C" fn(RawResult) -> u64,
    result_bytes_written: unsafe extern "C" fn(RawResult) -> u64,
    // Same argument list as a query, but the answer is an insert handle.
    stream_insert: QueryWithParams,
    stream_append: unsafe extern "C" fn(RawInsert, *const c_void, usize) -> c_int,
    stream_done: unsafe extern "C" fn(RawInsert) -> RawResult,
    stream_cancel_insert: unsafe extern "C" fn(RawInsert),
    stream_insert_error: unsafe extern "C" fn(RawInsert) -> *const c_char,
    destroy_insert: unsafe extern "C" fn(RawInsert),
    classify: unsafe extern "C" fn(
        Handle,
        *const c_char,
        usize,
        *const c_char,
        usize,
        *mut RawAnalysis,
    ) -> c_int,
    version: unsafe extern "C" fn() -> *const c_char,
}

/// Why the library could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LibraryError {
    /// `dlopen` or a symbol look-up failed.
    #[error("{path}: {source}")]
    Open {
        /// File that was tried.
        path: String,
        /// The loader's words.
        source: libloading::Error,
    },
    /// An argument holds a zero byte.
    #[error("an engine argument holds a zero byte")]
    ZeroByte,
    /// The engine gave no connection.
    #[error("the engine refused a connection")]
    Refused,
}

/// An error of the engine, in its own words (`Code: 62. DB::Exception: …`).
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(crate) struct EngineFault(pub(crate) String);

/// What a statement would do, by the engine's own parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Leaves no trace.
    ReadOnly,
    /// Changes data, settings, or the world outside; or is not understood.
    Other,
}

/// The engine's parse of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Analysis {
    /// Executable statements; 0 where the text does not parse.
    pub(crate) statements: u32,
    /// The strongest effect among them.
    pub(crate) effect: Effect,
}

/// `libchdb`, loaded for the life of the process.
pub(crate) struct Library {
    api: Api,
    // Unloading is unsafe once threads of the engine run, so it never happens.
    _object: ManuallyDrop<libloading::Library>,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library")
            .field("version", &self.version())
            .finish()
    }
}

impl Library {
    /// Opens the shared object at `path` and keeps the engine from installing signal handlers.
    pub(crate) fn open(path: &Path) -> Result<Arc<Self>, LibraryError> {
        let fail = |source| LibraryError::Open {
            path: path.display().to_string(),
            source,
        };
        // SAFETY: the file was hash-checked or named by the operator; its initialisers are the engine's own.
        let object = unsafe { libloading::Library::new(path) }.map_err(fail)?;
        macro_rules! symbol {
            ($name:literal) => {
                // SAFETY: the declared types are those of chdb.h of the version that `library` pins.
                *unsafe { object.get($name.as_bytes()) }.map_err(fail)?
            };
        }
        let api = Api {
            set_signal_handlers_enabled: symbol!("chdb_set_signal_handlers_enabled"),
            connect: symbol!("chdb_connect"),
            close_conn: symbol!("chdb_close_conn"),
            query: symbol!("chdb_query_with_params_n"),
            stream_query: symbol!("chdb_stream_query_with_params_n"),
            stream_fetch: symbol!("chdb_stream_fetch_result"),
            stream_cancel: symbol!("chdb_stream_cancel_query"),
            destroy_result: symbol!("chdb_destroy_query_result"),
            result_buffer: symbol!("chdb_result_buffer"),
            result_length: symbol!("chdb_result_length"),
            result_error: symbol!("chdb_result_error"),
            result_rows_read: symbol!("chdb_result_rows_read"),
            result_storage_rows_read: symbol!("chdb_result_storage_rows_read"),
            result_storage_bytes_read: symbol!("chdb_result_storage_bytes_read"),
            result_rows_written: symbol!("chdb_result_rows_written"),
            result_bytes_written: symbol!("chdb_result_bytes_written"),
            stream_insert: symbol!("chdb_stream_insert_with_params_n"),
            stream_append: symbol!("chdb_stream_append"),
            stream_done: symbol!("chdb_stream_done"),
            stream_cancel_insert: symbol!("chdb_stream_cancel_insert"),
            stream_insert_error: symbol!("chdb_stream_insert_error"),
            destroy_insert: symbol!("chdb_destroy_insert_stream"),
            classify: symbol!("chdb_classify_query_n"),
            version: symbol!("chdb_version"),
        };
        // SAFETY: called before any connection, as the header asks.
        unsafe { (api.set_signal_handlers_enabled)(0) };
        Ok(Arc::new(Self {
            api,
            _object: ManuallyDrop::new(object),
        }))
    }

    /// The library's version, e.g. `26.7.3`.
    pub(crate) fn version(&self) -> String {
        // SAFETY: the function takes nothing and returns a static string.
        text(unsafe { (self.api.version)() }).unwrap_or_default()
    }

    /// Gives the pages of `path`'s image that only start-up needed back to the kernel; they stay in its cache.
    #[cfg(target_os = "linux")]
    pub(crate) fn release_startup_pages(&self, path: &Path) {
        let (Ok(path), Ok(smaps)) = (
            path.canonicalize(),
            std::fs::read_to_string("/proc/self/smaps"),
        ) else {
            return;
        };
        for (start, end) in super::pages::clean_ranges(&smaps, &path) {
            let address = ptr::with_exposed_provenance_mut(start);
            // SAFETY: a read-only mapping of the never-unloaded library without a page of our own; a page that
            // is needed again is read from the same file.
            let _ = unsafe {
                rustix::mm::madvise(address, end - start, rustix::mm::Advice::LinuxDontNeed)
            };
        }
    }

    /// Opens a connection. `arguments` are `--name=value`; the first connection of the process boots the
    /// engine with them, later ones take only query settings from them.
    pub(crate) fn connect(
        self: &Arc<Self>,
        arguments: &[String],
    ) -> Result<Connection, LibraryError> {
        let mut owned = vec![CString::from(c"clickhouse")];
        for argument in arguments {
            owned.push(CString::new(argument.as_str()).map_err(|_| LibraryError::ZeroByte)?);
        }
        let mut argv: Vec<*mut c_char> = owned.iter().map(|s| s.as_ptr().cast_mut()).collect();
        let count = c_int::try_from(argv.len()).map_err(|_| LibraryError::Refused)?;
        // SAFETY: argv holds `count` pointers to strings that live until after the call; the engine copies them.
        let raw = unsafe { (self.api.connect)(count, argv.as_mut_ptr()) };
        let raw = NonNull::new(raw).ok_or(LibraryError::Refused)?;
        Ok(Connection {
            raw,
            library: Arc::clone(self),
        })
    }
}

/// One connection: its own settings and current database. Used by one thread at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    raw: NonNull<Handle>,
    library: Arc<Library>,
}

// SAFETY: the engine ties a connection to no thread; `&mut self` on every use serialises it.
unsafe impl Send for Connection {}

/// A `{name:Type}` parameter and its value in text form.
pub(crate) type Param = (String, String);

/// The pointer arrays that the parameter functions take, borrowed from the parameters.
struct ParamArrays {
    names: Vec<*const c_char>,
    name_lengths: Vec<usize>,
    values: Vec<*const c_char>,
    value_lengths: Vec<usize>,
}

impl ParamArrays {
    fn new(params: &[Param]) -> Self {
        Self {
            names: params.iter().map(|(n, _)| n.as_ptr().cast()).collect(),
            name_lengths: params.iter().map(|(n, _)| n.len()).collect(),
            values: params.iter().map(|(_, v)| v.as_ptr().cast()).collect(),
            value_lengths: params.iter().map(|(_, v)| v.len()).collect(),
        }
    }
}

impl Connection {
    fn handle(&self) -> Handle {
        // SAFETY: `raw` came from chdb_connect and is closed only on drop.
        unsafe { *self.raw.as_ptr() }
    }

    fn call(&self, f: QueryWithParams, sql: &[u8], format: &str, params: &[Param]) -> RawResult {
        let arrays = ParamArrays::new(params);
        // SAFETY: every pointer is paired with its length and outlives the call.
        unsafe {
            f(
                self.handle(),
                sql.as_ptr().cast(),
                sql.len(),
                format.as_ptr().cast(),
                format.len(),
                arrays.names.as_ptr(),
                arrays.name_lengths.as_ptr(),
                arrays.values.as_ptr(),
                arrays.value_lengths.as_ptr(),
                params.len(),
            )
        }
    }

    fn wrap(&self, raw: RawResult) -> Result<QueryResult, EngineFault> {
        let Some(raw) = NonNull::new(raw) else {
            return Err(EngineFault(
                "Code: 1001. DB::Exception: the engine gave no answer".into(),
            ));
        };
        let result = QueryResult {
            raw,
            library: Arc::clone(&self.library),
        };
        match result.error() {
            Some(message) => Err(EngineFault(message)),
            None => Ok(result),
        }
    }

    /// Runs any statement and returns its whole output in `format`.
    pub(crate) fn query(
        &mut self,
        sql: &[u8],
        format: &str,
        params: &[Param],
    ) -> Result<QueryResult, EngineFault> {
        let raw = self.call(self.library.api.query, sql, format, params);
        self.wrap(raw)
    }

    /// Starts a `SELECT` whose output comes in chunks, each a complete document in `format`.
    pub(crate) fn stream(
        &mut self,
        sql: &[u8],
        format: &str,
        params: &[Param],
    ) -> Result<QueryStream<'_>, EngineFault> {
        let raw = self.call(self.library.api.stream_query, sql, format, params);
        let handle = self.wrap(raw)?;
        Ok(QueryStream {
            connection: self,
            handle,
        })
    }

    /// Starts an `INSERT` (without `FORMAT` and data) that takes `format` in chunks.
    pub(crate) fn insert(
        &mut self,
        sql: &[u8],
        format: &str,
        params: &[Param],
    ) -> Result<InsertStream<'_>, EngineFault> {
        let raw = self.call(self.library.api.stream_insert, sql, format, params);
        let Some(raw) = NonNull::new(raw) else {
            return Err(EngineFault(
                "Code: 1001. DB::Exception: the engine gave no insert stream".into(),
            ));
        };
        let stream = InsertStream {
            connection: self,
            raw,
            finished: false,
        };
        match stream.error() {
            Some(message) => Err(EngineFault(message)),
            None => Ok(stream),
        }
    }

    /// Parses `sql` without running it.
    pub(crate) fn classify(&mut self, sql: &[u8]) -> Analysis {
        let mut analysis = RawAnalysis {
            struct_size: size_of::<RawAnalysis>() as u32,
            statement_count: 0,
            flags: 0,
            query_class: 4,
        };
        // SAFETY: the text is passed with its length; the struct is the versioned one that its size states.
        let state = unsafe {
            (self.library.api.classify)(
                self.handle(),
                sql.as_ptr().cast(),
                sql.len(),
                ptr::null(),
                0,
                &raw mut analysis,
            )
        };
        let read_only = state == 0 && analysis.query_class == 0;
        Analysis {
            statements: analysis.statement_count,
            effect: if read_only {
                Effect::ReadOnly
            } else {
                Effect::Other
            },
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // SAFETY: closed exactly once; no stream can outlive it because streams borrow it.
        unsafe { (self.library.api.close_conn)(self.raw.as_ptr()) };
    }
}

/// Output of a statement, owned by the engine's allocator.
#[derive(Debug)]
pub(crate) struct QueryResult {
    raw: NonNull<c_void>,
    library: Arc<Library>,
}

// SAFETY: a finished result is an immutable buffer with counters, tied to no thread.
unsafe impl Send for QueryResult {}
// SAFETY: nothing can change it through a shared reference.
unsafe impl Sync for QueryResult {}

impl QueryResult {
    fn error(&self) -> Option<String> {
        // SAFETY: the handle is live; the string lives as long as it.
        text(unsafe { (self.library.api.result_error)(self.raw.as_ptr()) })
    }

    /// Rows and bytes read from storage, then rows of output.
    pub(crate) fn read(&self) -> (u64, u64, u64) {
        let api = &self.library.api;
        let raw = self.raw.as_ptr();
        // SAFETY: the handle is live and the getters only read it.
        unsafe {
            (
                (api.result_storage_rows_read)(raw),
                (api.result_storage_bytes_read)(raw),
                (api.result_rows_read)(raw),
            )
        }
    }

    /// Rows and bytes written by an insert.
    pub(crate) fn written(&self) -> (u64, u64) {
        let api = &self.library.api;
        let raw = self.raw.as_ptr();
        // SAFETY: the handle is live and the getters only read it.
        unsafe {
            (
                (api.result_rows_written)(raw),
                (api.result_bytes_written)(raw),
            )
        }
    }
}

impl AsRef<[u8]> for QueryResult {
    fn as_ref(&self) -> &[u8] {
        let api = &self.library.api;
        // SAFETY: buffer and length belong together and live until the result is destroyed.
        unsafe {
            let length = (api.result_length)(self.raw.as_ptr());
            let buffer = (api.result_buffer)(self.raw.as_ptr());
            if buffer.is_null() || length == 0 {
                &[]
            } else {
                slice::from_raw_parts(buffer.cast(), length)
            }
        }
    }
}

impl Drop for QueryResult {
    fn drop(&mut self) {
        // SAFETY: destroyed exactly once.
        unsafe { (self.library.api.destroy_result)(self.raw.as_ptr()) };
    }
}

/// A running `SELECT`; dropped before its end, it is cancelled.
#[derive(Debug)]
pub(crate) struct QueryStream<'c> {
    connection: &'c mut Connection,
    handle: QueryResult,
}

impl QueryStream<'_> {
    /// The next chunk, or `None` at the end.
    pub(crate) fn fetch(&mut self) -> Result<Option<QueryResult>, EngineFault> {
        let fetch = self.connection.library.api.stream_fetch;
        // SAFETY: connection and handle are live, and `&mut self` serialises the calls.
        let raw = unsafe { fetch(self.connection.handle(), self.handle.raw.as_ptr()) };
        let chunk = self.connection.wrap(raw)?;
        Ok((!chunk.as_ref().is_empty()).then_some(chunk))
    }
}

impl Drop for QueryStream<'_> {
    fn drop(&mut self) {
        let cancel = self.connection.library.api.stream_cancel;
        // SAFETY: cancelling a finished stream is allowed; the handle is destroyed after this.
        unsafe { cancel(self.connection.handle(), self.handle.raw.as_ptr()) };
    }
}

/// A running `INSERT`; dropped before [`InsertStream::finish`], it is cancelled.
#[derive(Debug)]
pub(crate) struct InsertStream<'c> {
    connection: &'c mut Connection,
    raw: NonNull<c_void>,
    finished: bool,
}

impl InsertStream<'_> {
    fn error(&self) -> Option<String> {
        // SAFETY: the handle is live; the string lives as long as it.
        text(unsafe { (self.connection.library.api.stream_insert_error)(self.raw.as_ptr()) })
    }

    fn fault(&self) -> EngineFault {
        let unknown = || "Code: 1001. DB::Exception: the insert failed without a reason".into();
        EngineFault(self.error().unwrap_or_else(unknown))
    }

    /// Hands over a chunk; rows may be split across chunks. Blocks while the engine is behind.
    pub(crate) fn append(&mut self, chunk: &[u8]) -> Result<(), EngineFault> {
        let append = self.connection.library.api.stream_append;
        // SAFETY: the engine copies `len` bytes before it returns.
        let state = unsafe { append(self.raw.as_ptr(), chunk.as_ptr().cast(), chunk.len()) };
        if state == 0 {
            Ok(())
        } else {
            Err(self.fault())
        }
    }

    /// Commits and returns the counters.
    pub(crate) fn finish(mut self) -> Result<QueryResult, EngineFault> {
        self.finished = true;
        // SAFETY: the handle is live; drop destroys it afterwards.
        let raw = unsafe { (self.connection.library.api.stream_done)(self.raw.as_ptr()) };
        self.connection.wrap(raw)
    }
}

impl Drop for InsertStream<'_> {
    fn drop(&mut self) {
        let api = &self.connection.library.api;
        // SAFETY: cancelled at most once, destroyed exactly once, as the header asks for every handle.
        unsafe {
            if !self.finished {
                (api.stream_cancel_insert)(self.raw.as_ptr());
            }
            (api.destroy_insert)(self.raw.as_ptr());
        }
    }
}

/// Copies a C string; `None` for null.
fn text(raw: *const c_char) -> Option<String> {
    // SAFETY: the engine returns null or a terminated string that is live during this call.
    (!raw.is_null()).then(|| {
        unsafe { CStr::from_ptr(raw) }
            .to_string_lossy()
            .into_owned()
    })
}
