//! A stop that nobody notices: callers are sent elsewhere before the listeners close.

use std::time::Duration;

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::middleware::Next;
use actix_web::web::Data;

use crate::settings::Settings;
use crate::telemetry::Health;

/// What a stop may take beyond the times that the settings give its parts: to look whether requests have ended, and to
/// hand jobs back to a database that is slow.
const MARGIN: Duration = Duration::from_secs(10);

/// The longest that a stop takes. Listeners and workers stop side by side.
pub(super) fn longest(settings: &Settings) -> Duration {
    let answering = settings.server.drain_announce + Duration::from_secs(settings.server.drain_seconds);
    answering.max(settings.jobs.worker.drain) + MARGIN
}

/// What [`last_answer`] needs of its application.
pub(super) fn shared(health: &Health) -> Data<Health> {
    Data::new(health.clone())
}

/// While the gateway drains, each answer is the last one on its connection: whoever keeps connections open, as load
/// balancers do, opens the next one elsewhere, and no request is on its way when the listeners close.
pub(super) async fn last_answer(
    health: Data<Health>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    if health.is_draining() {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}
