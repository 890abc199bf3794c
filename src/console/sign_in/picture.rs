//! A text as a picture that telephones read (QR code), drawn without any style.

use qrcode::{Color, EcLevel, QrCode};

use crate::console::Failure;

/// Empty modules around the code, as its standard asks for.
const QUIET: usize = 4;

/// # Errors
/// When the text is too long.
pub(in crate::console) fn picture(text: &str, title: &str) -> Result<String, Failure> {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M).map_err(|error| {
        tracing::error!(%error, "a text does not fit into a picture");
        Failure::Internal
    })?;
    let (width, mut dark) = (code.width(), String::new());
    for (place, module) in code.to_colors().into_iter().enumerate() {
        if module == Color::Dark {
            let (x, y) = (place % width + QUIET, place / width + QUIET);
            dark.push_str(&format!("M{x} {y}h1v1h-1z"));
        }
    }
    let size = width + 2 * QUIET;
    let title = askama::filters::escape(title, askama::filters::Html).map_err(|_| Failure::Internal)?;
    Ok(format!(
        "<svg class=\"code\" viewBox=\"0 0 {size} {size}\" width=\"220\" height=\"220\" role=\"img\" \
         aria-label=\"{title}\" shape-rendering=\"crispEdges\"><rect width=\"{size}\" height=\"{size}\" \
         fill=\"#fff\"/><path d=\"{dark}\" fill=\"#000\"/></svg>"
    ))
}
