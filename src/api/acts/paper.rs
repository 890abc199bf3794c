//! A file that was handed in before and that a request names by its digest.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::act::Stop;
use crate::api::media_type::MediaType;
use crate::api::problem::Problem;
use crate::api::texts::{Digest, Phrase};
use crate::domain::dossier::Paper;
use crate::store::{Connection, uploads};

/// A file, as it was answered when it was handed in (`POST /api/v1/files`).
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaperReference {
    pub digest: Digest,
    /// What a platform that fetches the file sees as its name. It is part of a link: let it tell of nobody. The kind of
    /// paper, if not given.
    #[schema(examples("licence.pdf"))]
    pub name: Option<Phrase<100>>,
}

impl PaperReference {
    /// The file in the archive; `kind` names it where the request does not, and the reference stands at `pointer`.
    ///
    /// # Errors
    /// When no such file was handed in, or the name does not end as names of its type do.
    pub(super) fn paper(
        &self,
        connection: &mut Connection,
        kind: &str,
        pointer: &str,
    ) -> Result<Paper, Stop> {
        let Digest(document) = &self.digest;
        let upload = uploads::find(connection, document)?.ok_or_else(|| {
            let detail = format!("expected the digest of a file that was handed in, found `{document}`");
            Problem::unfit(format!("{pointer}/digest"), detail)
        })?;
        let media_type = MediaType::of_name(&upload.media_type);
        let extension = media_type.map_or("bin", MediaType::extension);
        let name = match &self.name {
            None => format!("{kind}.{extension}"),
            Some(name) => {
                if media_type.is_some_and(|media_type| !media_type.suits(name.as_str())) {
                    let detail = format!("expected the name of a file of type {}", upload.media_type);
                    return Err(Problem::unfit(format!("{pointer}/name"), detail).into());
                }
                name.to_text()
            }
        };
        Ok(Paper { document: document.clone(), name, md5: upload.md5 })
    }
}
