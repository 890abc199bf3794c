//! Why something was not done, for whoever wanted it.

use crate::console::Failure;
use crate::console::frame::Frame;
use crate::reconciliation::import::{ImportError, Problem};
use crate::reconciliation::{ImportRefused, SignRefused};

/// Why a file was not taken, a line for each problem.
///
/// # Errors
/// Where the store is to blame, not the file.
pub(super) fn of_file(frame: &Frame, refused: ImportRefused) -> Result<String, Failure> {
    let text = match refused {
        ImportRefused::Store(error) => return Err(error.into()),
        ImportRefused::UnknownPlatform(platform) => {
            frame.say("reconciliations.unknown_platform", &[("platform", platform.as_str())])
        }
        ImportRefused::Day(_) => frame.t("reconciliations.wrong_day").to_owned(),
        ImportRefused::Text(_) => frame.t("reconciliations.wrong_name").to_owned(),
        ImportRefused::File(error) => of_content(frame, &error),
    };
    Ok(text)
}

fn of_content(frame: &Frame, error: &ImportError) -> String {
    match error {
        ImportError::TooLarge { limit, .. } => {
            frame.say("reconciliations.too_large", &[("limit", &limit.to_string())])
        }
        ImportError::TooManyRows { limit } => {
            frame.say("reconciliations.too_many_rows", &[("limit", &limit.to_string())])
        }
        ImportError::NotATable(_) => frame.t("reconciliations.no_table").to_owned(),
        ImportError::Unsound(problems) => {
            let head = frame.say("reconciliations.unsound", &[("count", &problems.count.to_string())]);
            let lines = problems.first.iter().map(|problem| line(frame, problem));
            [head].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
        }
    }
}

fn line(frame: &Frame, problem: &Problem) -> String {
    let values = [
        ("line", &*problem.line.to_string()),
        ("column", problem.column.as_deref().unwrap_or("—")),
        ("expected", &problem.expected),
        ("found", &problem.found),
    ];
    frame.say("reconciliations.problem", &values)
}

/// Why a remark or a signature was not taken.
pub(super) fn of_signature(frame: &Frame, refused: SignRefused) -> Failure {
    let text = match refused {
        SignRefused::Store(error) => return error.into(),
        SignRefused::Unknown => return Failure::NotFound,
        SignRefused::Signed { by, at } => {
            frame.say("reconciliations.signed_already", &[("by", &by), ("at", &frame.time(&at))])
        }
        SignRefused::Superseded(_) => frame.t("reconciliations.superseded_already").to_owned(),
        SignRefused::RemarkNeeded { unexplained } => {
            frame.say("reconciliations.remark_needed", &[("count", &unexplained.to_string())])
        }
        SignRefused::Text(error) => {
            frame.say("reconciliations.wrong_text", &[("longest", &error.longest.to_string())])
        }
    };
    Failure::Refused(text)
}
