//! Whether the process lives (`/livez`) and whether it can do its work (`/readyz`).
//!
//! Readiness covers what is ours: database, migrations, keys, disk. A platform's outage is no check, because taking
//! the gateway out of service would turn one platform's trouble into everybody's. What pushes can be taken without is
//! shown beside it, and decides nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use futures_util::future::{BoxFuture, join_all};
use serde::Serialize;
use tokio::sync::Mutex;

/// A probe is asked every few seconds: a check that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(2);

/// However often strangers ask, it costs no more than one look in this time.
const FRESH: Duration = Duration::from_secs(1);

/// One thing without which the gateway cannot do its work.
pub trait Check: Send + Sync {
    /// A word for the answer, such as `database`.
    fn name(&self) -> &str;

    /// Looks. The text of a failure is shown to whoever can reach the listener: say what is wrong, and nothing that
    /// is secret.
    fn check(&self) -> BoxFuture<'_, Result<(), String>>;

    /// Whether the gateway is not ready without it.
    fn decides(&self) -> bool {
        true
    }
}

/// The health pages of a server; cloning shares the checks.
#[derive(Clone)]
pub struct Health {
    /// Shown beside what was found: which of several processes this one is.
    role: &'static str,
    checks: Arc<[Arc<dyn Check>]>,
    patience: Duration,
    /// Held while somebody looks, so that whoever else asks waits for the same answer.
    seen: Arc<Mutex<Option<Look>>>,
    draining: Arc<AtomicBool>,
}

/// What was found when somebody looked last.
struct Look {
    at: Instant,
    checks: Vec<CheckResult>,
}

impl Health {
    pub fn new(role: &'static str, checks: Vec<Arc<dyn Check>>) -> Self {
        let checks = checks.into();
        Self { role, checks, patience: PATIENCE, seen: Arc::default(), draining: Arc::default() }
    }

    /// From now on the gateway is not ready, whatever its checks say, because it is about to stop.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Adds `/livez` and `/readyz` to a server: `App::new().configure(|service| health.configure(service))`.
    pub fn configure(&self, service: &mut web::ServiceConfig) {
        let health = self.clone();
        service.route("/livez", web::get().to(async || HttpResponse::Ok().json(Alive { status: "alive" })));
        service.route(
            "/readyz",
            web::get().to(move || {
                let health = health.clone();
                async move { health.answer().await }
            }),
        );
    }

    async fn answer(&self) -> HttpResponse {
        // Nothing that is looked at could change the answer, and a balancer should have it at once.
        let checks = if self.is_draining() { Vec::new() } else { self.look().await };
        let (code, status) = match checks.iter().all(|check| check.ok || !check.decides) {
            _ if self.is_draining() => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
            true => (StatusCode::OK, "ready"),
            false => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
        };
        HttpResponse::build(code).json(Readiness { status, role: self.role, checks })
    }

    async fn look(&self) -> Vec<CheckResult> {
        let mut seen = self.seen.lock().await;
        if let Some(last) = seen.as_ref().filter(|last| last.at.elapsed() < FRESH) {
            return last.checks.clone();
        }
        let checks = join_all(self.checks.iter().map(|check| run(check.as_ref(), self.patience))).await;
        *seen = Some(Look { at: Instant::now(), checks: checks.clone() });
        checks
    }
}

async fn run(check: &dyn Check, patience: Duration) -> CheckResult {
    let reason = match tokio::time::timeout(patience, check.check()).await {
        Ok(Ok(())) => None,
        Ok(Err(reason)) => Some(reason),
        Err(_) => Some(format!("no answer within {} ms", patience.as_millis())),
    };
    CheckResult { name: check.name().to_owned(), ok: reason.is_none(), reason, decides: check.decides() }
}

#[derive(Serialize)]
struct Alive {
    status: &'static str,
}

#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    role: &'static str,
    checks: Vec<CheckResult>,
}

#[derive(Clone, Serialize)]
struct CheckResult {
    name: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip)]
    decides: bool,
}

#[cfg(test)]
mod tests {
    use actix_web::App;
    use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
    use futures_util::FutureExt;
    use serde_json::{Value, json};

    use super::*;

    struct Always(&'static str, Result<(), String>);

    impl Check for Always {
        fn name(&self) -> &str {
            self.0
        }

        fn check(&self) -> BoxFuture<'_, Result<(), String>> {
            std::future::ready(self.1.clone()).boxed()
        }
    }

    struct Hanging;

    impl Check for Hanging {
        fn name(&self) -> &str {
            "disk"
        }

        fn check(&self) -> BoxFuture<'_, Result<(), String>> {
            std::future::pending().boxed()
        }
    }

    async fn ask(path: &str, checks: Vec<Arc<dyn Check>>) -> (u16, Value) {
        ask_with(path, Health::new("all", checks)).await
    }

    async fn ask_with(path: &str, health: Health) -> (u16, Value) {
        let app = init_service(App::new().configure(|service| health.configure(service))).await;
        let response = call_service(&app, TestRequest::get().uri(path).to_request()).await;
        (response.status().as_u16(), read_body_json(response).await)
    }

    #[actix_web::test]
    async fn a_gateway_that_can_work_is_ready_and_says_what_it_checked() {
        let (status, body) = ask("/readyz", vec![Arc::new(Always("database", Ok(())))]).await;
        assert_eq!(status, 200);
        assert_eq!(
            body,
            json!({"status": "ready", "role": "all", "checks": [{"name": "database", "ok": true}]})
        );
    }

    #[actix_web::test]
    async fn one_failed_check_makes_it_not_ready_but_leaves_it_alive() {
        let checks: Vec<Arc<dyn Check>> = vec![
            Arc::new(Always("database", Err("connection refused".to_owned()))),
            Arc::new(Always("keys", Ok(()))),
        ];
        let (status, body) = ask("/readyz", checks.clone()).await;
        assert_eq!(status, 503);
        assert_eq!(
            body,
            json!({"status": "not ready", "role": "all", "checks": [
                {"name": "database", "ok": false, "reason": "connection refused"},
                {"name": "keys", "ok": true},
            ]})
        );
        assert_eq!(ask("/livez", checks).await, (200, json!({"status": "alive"})));
    }

    struct Beside;

    impl Check for Beside {
        fn name(&self) -> &str {
            "archive"
        }

        fn check(&self) -> BoxFuture<'_, Result<(), String>> {
            std::future::ready(Err("it can't be used".to_owned())).boxed()
        }

        fn decides(&self) -> bool {
            false
        }
    }

    #[actix_web::test]
    async fn what_pushes_can_be_taken_without_is_shown_and_decides_nothing() {
        let (status, body) =
            ask("/readyz", vec![Arc::new(Beside), Arc::new(Always("database", Ok(())))]).await;
        assert_eq!((status, &body["status"]), (200, &json!("ready")));
        assert_eq!(body["checks"][0], json!({"name": "archive", "ok": false, "reason": "it can't be used"}));
    }

    #[derive(Default)]
    struct Counting(std::sync::atomic::AtomicU32);

    impl Check for Counting {
        fn name(&self) -> &str {
            "database"
        }

        fn check(&self) -> BoxFuture<'_, Result<(), String>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok(())).boxed()
        }
    }

    #[actix_web::test]
    async fn whoever_asks_often_does_not_make_the_gateway_look_often() {
        let counting = Arc::new(Counting::default());
        let health = Health::new("all", vec![counting.clone()]);
        for _ in 0..3 {
            assert_eq!(ask_with("/readyz", health.clone()).await.0, 200);
        }
        assert_eq!(counting.0.load(Ordering::Relaxed), 1);
    }

    #[actix_web::test]
    async fn a_gateway_that_is_about_to_stop_says_so_at_once_and_looks_no_more() {
        let counting = Arc::new(Counting::default());
        let health = Health::new("api", vec![counting.clone()]);
        assert_eq!(ask_with("/readyz", health.clone()).await.0, 200);
        health.drain();
        let (status, body) = ask_with("/readyz", health.clone()).await;
        assert_eq!((status, body), (503, json!({"status": "draining", "role": "api", "checks": []})));
        assert_eq!(counting.0.load(Ordering::Relaxed), 1);
        assert_eq!(ask_with("/livez", health).await.0, 200);
    }

    #[actix_web::test]
    async fn a_check_that_hangs_has_failed() {
        let health = Health { patience: Duration::ZERO, ..Health::new("all", vec![Arc::new(Hanging)]) };
        let (status, body) = ask_with("/readyz", health).await;
        assert_eq!(status, 503);
        assert_eq!(body["checks"][0]["reason"], "no answer within 0 ms");
    }
}
