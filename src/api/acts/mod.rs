//! What the institution does with a guarantee: one file per act.

pub mod abandonment;
pub mod approval;
pub mod cancellation;
pub mod claim;
pub mod decline;
pub mod dossier;
pub mod invoice;
pub mod issue;
mod paper;
pub mod premium;
pub mod surrender;
pub mod waiver;
