//! Cutting a connection from inside a request handler, which the HTTP server itself offers no way to do.

use std::any::Any;
use std::net::{Shutdown, TcpStream};

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net;

/// A second handle of the connection that a request came over.
struct Handle(TcpStream);

/// Keeps a second handle with each new connection; for [`actix_web::HttpServer::on_connect`].
pub fn remember(connection: &dyn Any, extensions: &mut Extensions) {
    if let Some(stream) = connection.downcast_ref::<net::TcpStream>()
        && let Ok(handle) = second_handle(stream)
    {
        extensions.insert(Handle(handle));
    }
}

/// Shuts the connection of a request down in both directions, at once.
pub fn cut(request: &HttpRequest) {
    let done = request.conn_data::<Handle>().map(|handle| handle.0.shutdown(Shutdown::Both));
    if !matches!(done, Some(Ok(()))) {
        tracing::debug!("the connection was closed before the fault script could do it");
    }
}

#[cfg(unix)]
fn second_handle(stream: &net::TcpStream) -> std::io::Result<TcpStream> {
    use std::os::fd::AsFd;
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn second_handle(stream: &net::TcpStream) -> std::io::Result<TcpStream> {
    use std::os::windows::io::AsSocket;
    Ok(stream.as_socket().try_clone_to_owned()?.into())
}
