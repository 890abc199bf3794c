//! Keys of openings that came by telephone, mail or the platform's own page, pasted in the form in which the platform gives
//! them. Each is tried at once: a wrong one is told to whoever pasted it, and nothing of it is kept.

use jiff::Timestamp;

use super::preparation::{self, Impossible, Stop, apart};
use super::{Bench, KeptKey, PastedKey, Payload};
use crate::domain::identity::{ApplicationNumber, GuaranteeId, PlatformId};
use crate::secret::Secret;
use crate::store::{Connection, StoreError, guarantees};

/// A line of a list that was pasted: which application, and its key.
#[derive(Clone, Debug)]
pub struct Line {
    /// From 1, as people count.
    pub number: u64,
    pub application: ApplicationNumber,
    pub key: Secret,
    /// Where the platform gives one beside the key; empty otherwise.
    pub iv: Secret,
}

/// What is wrong with a line; nothing of the key is said.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("应为：业务流水号,密钥 或 业务流水号,密钥,IV")]
    Shape,
    #[error("业务流水号 `{0}` 重复出现")]
    Twice(ApplicationNumber),
    #[error("没有申请 `{0}`")]
    Unknown(ApplicationNumber),
    #[error("`{application}`：{reason}")]
    Impossible { application: ApplicationNumber, reason: Impossible },
}

/// A fault and the line that it is in.
#[derive(Debug, thiserror::Error)]
#[error("第 {line} 行：{fault}")]
pub struct LineFault {
    pub line: u64,
    pub fault: Fault,
}

/// Reads a list: application number and key on each line, with a comma or a tab between them (so that columns copied out
/// of a spreadsheet will do); an IV may follow. Empty lines are passed
/// over.
///
/// # Errors
/// The lines that are neither.
pub fn read_list(text: &str) -> Result<Vec<Line>, Vec<LineFault>> {
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        let cells: Vec<&str> = line.split([',', '\t', '，']).map(str::trim).collect();
        match cells.as_slice() {
            [""] => {}
            [application, key] if !application.is_empty() && !key.is_empty() => {
                lines.push(line_of(number, application, key, ""));
            }
            [application, key, iv] if !application.is_empty() && !key.is_empty() => {
                lines.push(line_of(number, application, key, iv));
            }
            _ => faults.push(LineFault { line: number, fault: Fault::Shape }),
        }
    }
    if faults.is_empty() { Ok(lines) } else { Err(faults) }
}

fn line_of(number: u64, application: &str, key: &str, iv: &str) -> Line {
    let application = ApplicationNumber::new(application);
    Line { number, application, key: Secret::new(key), iv: Secret::new(iv) }
}

/// One key for one guarantee, tried.
///
/// # Errors
/// When the database fails. The inner error says why the guarantee can't be opened with it.
pub fn for_guarantee(
    connection: &mut Connection,
    bench: &Bench,
    guarantee: &GuaranteeId,
    (key, iv): (&Secret, &Secret),
    opened_at: Timestamp,
    at: Timestamp,
) -> Result<Result<Payload, Impossible>, StoreError> {
    let pasted = apart(tried(connection, bench, guarantee, (key, iv), opened_at, at))?;
    Ok(pasted.map(|pasted| Payload::OpeningKeys { keys: vec![pasted], opened_at }))
}

/// The keys of a list, each tried.
///
/// # Errors
/// When the database fails. The inner error names every line that is of no use.
pub fn for_list(
    connection: &mut Connection,
    bench: &Bench,
    platform: &PlatformId,
    lines: &[Line],
    opened_at: Timestamp,
    at: Timestamp,
) -> Result<Result<Payload, Vec<LineFault>>, StoreError> {
    let (mut keys, mut faults) = (Vec::<PastedKey>::new(), Vec::new());
    for Line { number, application, key, iv } in lines {
        let fault = |fault| LineFault { line: *number, fault };
        if keys.iter().any(|known| known.application == *application) {
            faults.push(fault(Fault::Twice(application.clone())));
            continue;
        }
        let Some(known) = guarantees::find_by_application(connection, platform, application)? else {
            faults.push(fault(Fault::Unknown(application.clone())));
            continue;
        };
        match apart(tried(connection, bench, &known.guarantee.id, (key, iv), opened_at, at))? {
            Ok(pasted) => keys.push(pasted),
            Err(reason) => {
                let application = application.clone();
                faults.push(fault(Fault::Impossible { application, reason }));
            }
        }
    }
    Ok(if faults.is_empty() { Ok(Payload::OpeningKeys { keys, opened_at }) } else { Err(faults) })
}

fn tried(
    connection: &mut Connection,
    bench: &Bench,
    guarantee: &GuaranteeId,
    (key, iv): (&Secret, &Secret),
    opened_at: Timestamp,
    at: Timestamp,
) -> Result<PastedKey, Stop> {
    let (platform, known) = preparation::find(connection, bench, guarantee)?;
    let read = platform.profile.read_section_key(key.expose().trim(), iv.expose().trim());
    let key = read.ok_or(Impossible::KeyUnreadable)?;
    let application = known.guarantee.application.number;
    let pasted = PastedKey { guarantee: guarantee.clone(), application, key: KeptKey::new(&key) };
    preparation::of_key(connection, bench, &pasted, opened_at, at)?;
    Ok(pasted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_out_of_a_spreadsheet_or_as_csv_and_faults_are_named_by_line() {
        let read = read_list("A1,a2V5\n\nA2\ta2V5Mg==\r\nA3 ， k , iv\n").unwrap();
        let seen: Vec<_> = read
            .iter()
            .map(|it| (it.number, it.application.as_str(), it.key.expose(), it.iv.expose()))
            .collect();
        assert_eq!(seen, [(1, "A1", "a2V5", ""), (3, "A2", "a2V5Mg==", ""), (4, "A3", "k", "iv")]);
        let faults = read_list("A1\nA2,k\n,k\nA3,k,v,w").unwrap_err();
        assert_eq!(faults.iter().map(|it| it.line).collect::<Vec<_>>(), [1, 3, 4]);
        assert!(!format!("{read:?}").contains("a2V5"));
    }
}
