//! Keys of the words for what differs, and for how a reconciliation stands.

use crate::store::reconciliations::{DifferenceKind, Reconciliation};

pub(super) fn kind(kind: &DifferenceKind) -> &'static str {
    match kind {
        DifferenceKind::OnlyOurs => "reconciliations.only_ours",
        DifferenceKind::OnlyTheirs => "reconciliations.only_theirs",
        DifferenceKind::Number => "reconciliations.number_differs",
        DifferenceKind::Amount => "reconciliations.amount_differs",
        DifferenceKind::Premium => "reconciliations.premium_differs",
        DifferenceKind::State => "reconciliations.state_differs",
        DifferenceKind::Date => "reconciliations.date_differs",
        DifferenceKind::Duplicate => "reconciliations.duplicate",
    }
}

/// The look of the badge, and the key of the word on it.
pub(super) fn standing(reconciliation: &Reconciliation) -> (&'static str, &'static str) {
    match reconciliation {
        Reconciliation { superseded_by: Some(_), .. } => ("badge-idle", "reconciliations.superseded"),
        Reconciliation { signature: Some(_), .. } => ("badge-good", "reconciliations.signed"),
        Reconciliation { unexplained: 0, .. } => ("badge-warn", "reconciliations.to_sign"),
        _ => ("badge-bad", "reconciliations.open"),
    }
}
