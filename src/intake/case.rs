//! Which guarantee a push is about, and how a refusal is told.

use crate::dialect::{Failure, Subject};
use crate::domain::Refusal;
use crate::domain::identity::PlatformId;
use crate::store::guarantees::{self, Stored};
use crate::store::{Connection, StoreError};

/// Finds it by the application's number, or where the platform names only the guarantee, by that.
pub(super) fn find(
    connection: &mut Connection,
    platform: &PlatformId,
    subject: &Subject,
) -> Result<Option<Stored>, StoreError> {
    match (&subject.application, &subject.guarantee) {
        (Some(application), _) => guarantees::find_by_application(connection, platform, application),
        (None, Some(number)) => guarantees::find_by_number(connection, platform, number),
        (None, None) => Ok(None),
    }
}

/// The refusal in terms of what the platform named.
pub(super) fn said_of(subject: &Subject, refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::UnknownApplication if subject.application.is_none() => Refusal::UnknownGuarantee,
        refusal => refusal,
    }
}

/// Which of a platform's failure codes fits.
pub(super) fn failure(refusal: &Refusal) -> Failure {
    match refusal {
        Refusal::UnknownApplication | Refusal::UnknownGuarantee | Refusal::GuaranteeNumberMismatch => {
            Failure::UnknownGuarantee
        }
        Refusal::ProjectMismatch => Failure::UnknownProject,
        Refusal::ApplicantMismatch => Failure::UnknownApplicant,
        _ => Failure::Content,
    }
}
