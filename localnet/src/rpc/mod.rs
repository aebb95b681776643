//! JSON-RPC.
pub(crate) async fn serve(
    _l: tokio::net::TcpListener,
    _c: crate::chain::Chain,
    s: tokio_util::sync::CancellationToken,
) {
    s.cancelled().await
}
