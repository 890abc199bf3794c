//! Background tasks that somebody watches: a panic in one is logged once and never goes unseen. And threads for work that
//! keeps processors busy, and values that are replaced under everybody's eyes.

mod current;
mod workshop;

use std::future::Future;

use futures_util::FutureExt;
use tokio::task::JoinHandle;

pub use current::Current;
pub use workshop::Workshop;

/// Runs a task in the background; if it panics, the panic is logged with the task's name.
#[expect(clippy::disallowed_methods, reason = "this is the supervised spawn that the rule points to")]
pub fn spawn<F>(name: &'static str, task: F) -> JoinHandle<Option<F::Output>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(async move {
        match std::panic::AssertUnwindSafe(task).catch_unwind().await {
            Ok(output) => Some(output),
            Err(panic) => {
                tracing::error!(task = name, reason = panic_text(&*panic), "background task panicked");
                None
            }
        }
    })
}

/// What a panic said, where it said it in text.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a message")
}
