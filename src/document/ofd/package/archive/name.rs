//! Names of entries: such as mean one place inside the package, the same on every system and in every reader.

use std::collections::HashSet;

use unicode_normalization::UnicodeNormalization;

use super::EntryFault;

/// Longer paths cannot be unpacked everywhere.
const LONGEST: usize = 512;
const LONGEST_PART: usize = 255;

/// Names that were met so far, as a reader would see them that minds neither letter case nor how Unicode composes a
/// character.
#[derive(Default)]
pub(super) struct Names {
    files: HashSet<String>,
    folders: HashSet<String>,
}

impl Names {
    /// Takes the name of a file, or of a folder where it ends with a slash.
    pub(super) fn add(&mut self, name: &str) -> Result<(), EntryFault> {
        let (path, folder) = name.strip_suffix('/').map_or((name, false), |path| (path, true));
        if !is_safe(path) {
            return Err(EntryFault::UnsafePath);
        }
        let folded = folded(path);
        for (at, _) in folded.match_indices('/') {
            let above = folded.get(..at).unwrap_or_default();
            if self.files.contains(above) {
                return Err(EntryFault::FileAsFolder);
            }
            if !self.folders.contains(above) {
                self.folders.insert(above.to_owned());
            }
        }
        if folder {
            let new = !self.files.contains(&folded) && self.folders.insert(folded + "/");
            return new.then_some(()).ok_or(EntryFault::Duplicate);
        }
        if self.folders.contains(&folded) {
            return Err(EntryFault::FileAsFolder);
        }
        let new = !self.folders.contains(&format!("{folded}/")) && self.files.insert(folded);
        new.then_some(()).ok_or(EntryFault::Duplicate)
    }
}

/// Compatibility normalisation takes wide letters for narrow ones too, as some file systems do.
fn folded(path: &str) -> String {
    path.nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

/// Whether a path stays inside the package on every system, and looks like what it is.
fn is_safe(path: &str) -> bool {
    let sound = |part: &str| {
        // Windows drops dots and blanks at the end.
        !part.is_empty()
            && part.len() <= LONGEST_PART
            && !part.ends_with(['.', ' '])
            && !part.starts_with(' ')
    };
    path.len() <= LONGEST
        && path.split('/').all(sound)
        && !path.chars().any(|character| matches!(character, '\\' | ':') || is_invisible(character))
}

/// Control characters, and those that hide themselves or turn the text around them.
pub(super) fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}
