//! What a route of the console may ask for.

/// Each route needs one of them, or none; [`Role::permits`](super::Role::permits) says who has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Overview, guarantees, openings, queue, platforms, reconciliation, rules: everything, personal data masked.
    SeeBusiness,
    /// Take a list away as a file.
    Export,
    /// Retry, discard, pause, test a connection.
    Operate,
    /// Propose what another has to approve.
    Propose,
    /// Approve or refuse what another proposed.
    Approve,
    /// Import statements, remark on differences, sign off.
    Reconcile,
    /// Have evidence of claims fetched, and take it away.
    HandleEvidence,
    SeeProposals,
    SeeAudit,
    SeeUsers,
    ManageUsers,
}

impl Permission {
    pub const ALL: [Self; 11] = [
        Self::SeeBusiness,
        Self::Export,
        Self::Operate,
        Self::Propose,
        Self::Approve,
        Self::Reconcile,
        Self::HandleEvidence,
        Self::SeeProposals,
        Self::SeeAudit,
        Self::SeeUsers,
        Self::ManageUsers,
    ];
}
